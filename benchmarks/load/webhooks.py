"""WhatsApp's webhooks, signed as Meta signs them, each with messages of customers who never wrote before."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid

from benchmarks.load.connection import Connection
from benchmarks.load.plan import Outcome, Plan

ACCOUNT = "100000000000001"
_TEXT = "Can I return shoes that I bought two weeks ago, and how long does it take?"


class Webhooks:
    """`in_flight` connections, each with one webhook after the other; the plan's token is the secret that signs."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._outcome = Outcome()

    async def prepare(self) -> None:
        opening = (Connection.open(self._plan.port) for _ in range(self._plan.in_flight))
        self._connections = await asyncio.gather(*opening)

    async def run(self) -> Outcome:
        began = time.perf_counter()
        until = began + self._plan.seconds
        await asyncio.gather(*(self._post_until(connection, until) for connection in self._connections))
        self._outcome.seconds = time.perf_counter() - began
        return self._outcome

    async def _post_until(self, connection: Connection, until: float) -> None:
        while time.perf_counter() < until:
            request = signed(webhook(self._plan.turns), self._plan.token)
            try:
                answer = await connection.ask(request)
            except (OSError, ConnectionError) as error:
                self._outcome.failures.append(repr(error))
                return
            if answer.status != 200:
                self._outcome.failures.append(f"{answer.status} {answer.body[:200]!r}")
            self._outcome.latencies.append(answer.seconds)
            if self._plan.pause:
                await asyncio.sleep(self._plan.pause)


def webhook(messages: int) -> bytes:
    """A body with so many messages, each of somebody else."""
    people = [str(uuid.uuid4().int)[:15] for _ in range(messages)]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550000001", "phone_number_id": ACCOUNT},
        "contacts": [{"profile": {"name": "Ann"}, "wa_id": person} for person in people],
        "messages": [
            {
                "from": person,
                "id": f"wamid.{uuid.uuid4().hex}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": _TEXT},
            }
            for person in people
        ],
    }
    entry = {"id": "200000000000002", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signed(body: bytes, secret: str) -> bytes:
    """The bytes of the whole request."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
