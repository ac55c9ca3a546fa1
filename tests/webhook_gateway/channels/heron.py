"""A platform that exists in tests only: what one more channel takes, besides its test, its bodies and one line."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field, SecretStr, field_validator

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import (
    Account,
    Answer,
    Call,
    Capabilities,
    Channel,
    Entry,
    WebhookRequest,
    at_least_one,
    evidence,
    secrets,
)
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.reading import clock, load, mapping, members, required, text

_PROOF = re.compile("[0-9a-f]{64}", re.ASCII)


class HeronAccount(Account):
    """One of the shop's nests."""

    id_field: ClassVar[str] = "nest_id"
    shared_fields: ClassVar[frozenset[str]] = frozenset({"reed_secret"})

    nest_id: str = Field(pattern="^[a-z]{1,32}$", description="As the letters name it.")
    reed_secret: SecretStr = Field(min_length=1, description="Proves a letter; several, comma-separated.")
    api_base_url: str = Field("http://127.0.0.1:1", description="Where letters are taken.")

    _has_secrets = field_validator("reed_secret")(at_least_one)


class Heron(Channel):
    """{"letters": [{"nest", "id", "from", "text", "at"}…]}, signed with HMAC-SHA256."""

    name = "heron"
    title = "Heron"
    account_type = HeronAccount
    accounts: dict[str, Any]
    capabilities = Capabilities(text_limit=500, reply_window_seconds=86_400)

    def proven(self, request: WebhookRequest) -> list[str]:
        shown = request.headers.get("x-heron", "")
        if not _PROOF.fullmatch(shown):
            return []
        return [
            nest
            for nest, account in self.accounts.items()
            if any(hmac.compare_digest(shown, sign(request.body, key)) for key in secrets(account.reed_secret))
        ]

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        for item in members(mapping(load(request.body), "the body"), "letters"):
            letter = item if isinstance(item, dict) else {}
            nest = letter.get("nest")
            yield Entry(nest if isinstance(nest, str) else next(iter(self.accounts), ""), item, evidence(item))

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        letter = mapping(entry.item, "a letter")
        event = self.event(entry, "message", required(letter, "id"), thread=required(letter, "from"))
        event.sender.external_id = event.thread_key
        if time := clock(letter, "at"):
            event.platform_time.CopyFrom(time)
        if said := text(letter, "text"):
            event.message.text = said
        else:
            event.unsupported.kind = "empty"
        yield event

    def compose(self, account: HeronAccount, delivery: pb.Delivery) -> Call:
        return Call("POST", f"{account.api_base_url}/letters", json={"to": delivery.thread_key, "text": delivery.text})

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        match answer:
            case Answer(status=status, body={"id": str(found)}) if 200 <= status < 300 and found:
                return Accepted(found)
            case Answer(status=400):
                return Rejected("400", "content")
            case Answer(status=429):
                return NotAccepted("429", answer.retry_after_seconds, Scope.SCOPE_ACCOUNT)
            case Answer(status=status) if 300 <= status < 500:
                return NotAccepted(str(status))
        return Unknown(str(answer.status))


def sign(body: bytes, key: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()
