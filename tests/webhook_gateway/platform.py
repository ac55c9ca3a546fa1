"""The platform's side of the tests' own channel: signs webhooks, sends them, and looks at what was stored."""

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.fleet import Fleet, running_fleet
from tests.webhook_gateway.parrot import sign

KEY = b"seeds-for-parrots"
CAGES = ("polly", "lora")
# Of WhatsApp, which is on beside it.
APP_SECRET, NUMBER = b"secret-of-the-app", "106540352242922"
SETTINGS = {
    "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
    "WHATSAPP_ACCESS_TOKEN": "a-token",
    "WHATSAPP_APP_SECRET": f"{APP_SECRET.decode()},the-secret-before",
    "WHATSAPP_VERIFY_TOKEN": "a-word",
    "PARROT_CAGE_ID": CAGES[0],
    "PARROT_SEED_SECRET": f"older-seeds, {KEY.decode()}",
    "PARROT_VERIFY_TOKEN": "a-cracker",
    "PARROT_2_CAGE_ID": CAGES[1],
}


@contextmanager
def parrot_fleet(database_url: str, **options: Any) -> Iterator[Fleet]:
    """Two gateways and all that they need."""
    module = "tests.webhook_gateway.with_parrot"
    options = {"webs": 0, "webhooks": 2, "webhook_module": module, **SETTINGS, **options}
    with running_fleet(database_url, **options) as fleet:
        yield fleet


def update(text: str, sender: str, identity: str | None = None, cage: str = CAGES[0], **more: Any) -> dict[str, Any]:
    """One message as the platform describes it."""
    return {"cage": cage, "id": identity or str(uuid.uuid4()), "from": sender, "text": text, **more}


def body_of(*updates: object) -> bytes:
    return json.dumps({"updates": updates}).encode()


class Platform:
    """Speaks to the gateways of `fleet`."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def url(self, gateway: int = 0, channel: str = "parrot") -> str:
        return f"http://127.0.0.1:{self.fleet.webhook[gateway].port}/webhooks/{channel}"

    def post(self, body: Any, gateway: int = 0, key: bytes = KEY, **headers: str) -> requests.Response:
        """Send `body`, signed; header names are written with _."""
        signed = {"X-Signature": sign(body, key).decode() if isinstance(body, bytes) else ""}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(self.url(gateway), data=body, headers=signed | named, timeout=20)

    def tell(self, *updates: object, gateway: int = 0) -> requests.Response:
        return self.post(body_of(*updates), gateway)

    def connect(self, gateway: int = 0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.fleet.webhook[gateway].port), timeout=20)

    def raw(self, *parts: bytes, gateway: int = 0, end: bool = False) -> bytes:
        """Send bytes as they are, and read until the gateway closes; `end`: say that nothing follows."""
        with self.connect(gateway) as connection:
            for part in parts:
                connection.sendall(part)
            if end:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while more := connection.recv(65536):
                received += more
            return received

    def texts(self, sender: str, cage: str = CAGES[0]) -> list[str]:
        """What a customer wrote, in its order."""
        rows = self.fleet.query(
            "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id "
            "WHERE c.channel = 'parrot' AND c.account = %s AND c.thread_key = %s AND m.author = 'customer' "
            "ORDER BY m.seq",
            cage,
            sender,
        )
        return [text for (text,) in rows]

    def poison(self, reason: str) -> list[bytes]:
        """The serialised events that were kept for `reason`."""
        rows = self.fleet.query("SELECT event FROM poison_events WHERE reason LIKE %s ORDER BY id", f"{reason}%")
        return [bytes(event) for (event,) in rows]

    def metric(self, name: str, **labels: str) -> float:
        return sum(member.metric(f"webhook_gateway_{name}", **labels) for member in self.fleet.webhook)
