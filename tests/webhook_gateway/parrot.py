"""A platform that exists in tests only: one more channel, as small as one can be."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import SecretStr

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import (
    Account,
    Answer,
    Call,
    Capabilities,
    Channel,
    Entry,
    WebhookRequest,
    secrets,
)
from webhook_gateway.outcomes import Accepted, Outcome, Rejected
from webhook_gateway.reading import Unreadable


class ParrotAccount(Account):
    """A cage."""

    id_field: ClassVar[str] = "cage_id"
    shared_fields: ClassVar[frozenset[str]] = frozenset({"seed_secret", "verify_token"})

    cage_id: str
    seed_secret: SecretStr
    verify_token: SecretStr = SecretStr("")
    api_base_url: str = "http://127.0.0.1:1"


class Parrot(Channel):
    """{"updates": [{"cage", "id", "from", "text"}…]}, signed with HMAC-SHA256."""

    name = "parrot"
    title = "Parrot"
    capabilities = Capabilities(text_limit=100, reply_window_seconds=86_400)
    account_type = ParrotAccount

    def handshake(self, query: Mapping[str, str]) -> str | None:
        tokens = [token for account in self._cages() for token in secrets(account.verify_token)]
        shown = query.get("hub.verify_token", "").encode()
        known = query.get("hub.mode") == "subscribe" and any(hmac.compare_digest(shown, token) for token in tokens)
        return query.get("hub.challenge") if known else None

    def proven(self, request: WebhookRequest) -> list[str]:
        shown = request.headers.get("x-signature", "").encode()
        keys = [key for account in self._cages() for key in secrets(account.seed_secret)]
        known = any(hmac.compare_digest(shown, sign(request.body, key)) for key in keys)
        return list(self.accounts) if known else []

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        body = json.loads(request.body)
        if not isinstance(body, dict) or not isinstance(body.get("updates"), list):
            raise Unreadable("no updates")
        for item in body["updates"]:
            yield Entry(item["cage"], item, json.dumps(item).encode())

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        item = entry.item
        event = self.event(entry, "message", item["id"], thread=item["from"])
        event.sender.external_id = item["from"]
        event.sender.display_name = item.get("name", "")
        if "text" in item:
            event.message.text = item["text"]
        yield event

    def compose(self, account: Any, delivery: pb.Delivery) -> Call:
        return Call("POST", f"{account.api_base_url}/say", json={"text": delivery.text})

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        return Accepted(delivery.id) if answer.status == 200 else Rejected(str(answer.status), "content")

    def _cages(self) -> list[ParrotAccount]:
        return [account for account in self.accounts.values() if isinstance(account, ParrotAccount)]


def sign(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode()
