"""Meta's question to a new webhook: is this the right place?"""

import secrets
from typing import Any

import requests

from simulator.accounts import Account


def shake_hands(gateway_url: str, account: Account, verify_token: str | None = None) -> dict[str, Any]:
    """What the gateway answered (0: nothing), and whether Meta would be content with it."""
    challenge = str(secrets.randbelow(10**10))
    token = account.verify_token if verify_token is None else verify_token
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{gateway_url}/webhooks/{account.channel}", params=query, timeout=10)
        except requests.RequestException:
            return {"status": 0, "verified": False}
        return {"status": answer.status_code, "verified": answer.status_code == 200 and answer.text == challenge}
