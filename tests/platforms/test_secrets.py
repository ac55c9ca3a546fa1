"""Tokens, secrets and what customers wrote are in no log and no metric, whatever goes wrong."""

import requests

from tests.local_stack.waiting import eventually
from tests.platforms.world import World

CHANNELS = {
    "whatsapp": "16505557001",
    "instagram": "56148790452707001",
    "messenger": "76148790452707001",
    "telegram": "700107001",
    "twilio": "+16505557001",
}
MISBEHAVIOUR = {
    "whatsapp": "accept_and_close",
    "instagram": "throttle",
    "messenger": "accept_and_500",
    "telegram": "throttle",
    "twilio": "accept_and_garble",
}
WORDS = "canary-4711-of-a-customer"


def test_no_log_and_no_metric_shows_a_secret_or_what_was_said(world: World) -> None:
    for channel, misbehaviour in MISBEHAVIOUR.items():
        world.simulator.misbehave(misbehaviour, channel=channel, times=1, seconds=1)
    for channel, customer in CHANNELS.items():
        world.write(channel, customer, WORDS)
        forged = requests.post(
            f"http://127.0.0.1:{world.fleet.webhook[0].port}/webhooks/{channel}",
            data=WORDS,
            headers={"X-Hub-Signature-256": "sha256=" + "0" * 64, "X-Telegram-Bot-Api-Secret-Token": "wrong"},
            timeout=10,
        )
        assert (forged.status_code, forged.content) == (403, b"")
    eventually(lambda: all(world.received(customer) for customer in CHANNELS.values()), 60)
    shown = "".join(member.log() + metrics(member.port) for member in world.fleet.members)
    hidden = [WORDS]
    for account in world.simulator.inside.world.accounts:
        hidden += [account.token, account.secret, account.verify_token]
    assert all(len(secret) > 8 for secret in hidden if secret)
    assert not [secret for secret in hidden if secret and secret in shown]
    assert "perhaps sent" in shown


def metrics(port: int) -> str:
    """What a process says on its port, where it speaks HTTP."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.RequestException:
        return ""
