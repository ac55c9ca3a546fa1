"""One more channel keeps to what holds for every channel once it has bodies, and is in the registry."""

import json
from typing import Any, ClassVar

import pytest

from tests.repository.tree import ROOT, product_modules
from tests.webhook_gateway.channels.conformance import Conformance
from tests.webhook_gateway.channels.heron import Heron, HeronAccount, sign
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

SECRETS = ("reed-of-yesterday", "reed-of-today")


def account(nest: str) -> HeronAccount:
    given: dict[str, Any] = {"nest_id": nest, "reed_secret": " , ".join(SECRETS)}
    return HeronAccount(**given)


@pytest.fixture(autouse=True)
def _in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line."""
    monkeypatch.setitem(CHANNELS, "heron", Heron)


class TestHeron(Conformance):
    channel = Heron([account("north"), account("south")])
    secrets = SECRETS
    accepted_secrets = SECRETS
    variables: ClassVar = {
        "HERON_NEST_ID": "north",
        "HERON_REED_SECRET": " , ".join(SECRETS),
        "HERON_2_NEST_ID": "south",
    }
    proof = "x-heron"
    answers: ClassVar[dict[str, tuple[Answer, int, Outcome]]] = {
        "taken": (Answer(200, {"id": "l1"}, {}), 1, Accepted("l1")),
        "taken, without an id": (Answer(200, {}, {}), 1, Unknown("200")),
        "refused": (Answer(400, None, {}), 1, Rejected("400", "content")),
        "too fast": (Answer(429, None, {"retry-after": "7"}), 1, NotAccepted("429", 7, Scope.SCOPE_ACCOUNT)),
        "nobody there": (Answer(404, None, {}), 1, NotAccepted("404")),
        "server error": (Answer(503, None, {}), 1, Unknown("503")),
    }

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        return WebhookRequest({"x-heron": sign(body, secret.encode())}, body)

    def batch(self) -> tuple[bytes, list[str]]:
        letters: list[Any] = [
            {"nest": nest, "id": f"{nest}-{number}", "from": "fish", "text": f"number {number}"}
            for nest in ("north", "south")
            for number in range(6)
        ]
        del letters[4]["from"]
        keys = [f"message:{letter['id']}" for letter in letters if "from" in letter]
        return json.dumps({"letters": letters}).encode(), keys


def test_it_took_one_file_and_nothing_else_knows_of_it() -> None:
    assert len((ROOT / "tests/webhook_gateway/channels/heron.py").read_text().splitlines()) < 150
    assert not [path for path in product_modules().values() if "heron" in path.read_text().lower()]
