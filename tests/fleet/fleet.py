"""Services wired together over one database, with a scripted model at their end."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from chassis import health
from tests.databases import query
from tests.fleet.customer import Customer
from tests.fleet.member import Member
from tests.fork_server import ROOT
from tests.ports import free_port
from tests.scripted_openai import ScriptedOpenAI, running_openai

_SECRET = "9d0f6c1be3a54772a8c5f0e1d2b3948576a1b2c3d4e5f60718293a4b5c6d7e8f"
_SOURCES = ("conversation_service", "llm_service", "web_gateway", "webhook_gateway")
# Asked for /readyz; the sender at its metrics port, where it answers everything.
_OVER_HTTP = ("web_gateway", "webhook_gateway", "webhook_sender")


@dataclass
class Fleet:
    """What runs."""

    conversation: list[Member]
    llm: list[Member]
    web: list[Member]
    webhook: list[Member]
    sender: list[Member]
    model: ScriptedOpenAI
    database_url: str
    faultpoints: Path

    @property
    def members(self) -> list[Member]:
        """In the order in which they need one another."""
        return [*self.llm, *self.conversation, *self.web, *self.webhook, *self.sender]

    def url(self, gateway: int = 0) -> str:
        return f"http://127.0.0.1:{self.web[gateway].port}"

    def customer(self, gateway: int = 0) -> Customer:
        return Customer(self.url(gateway))

    def arm(self, point: str, action: str = "kill") -> None:
        """Let the next process that passes `point` die (`kill`), stand still (`stop`), or each (`kill always`)."""
        call = f'faultpoint("{point}")'
        assert any(call in path.read_text() for name in _SOURCES for path in (ROOT / name).rglob("*.py")), call
        partial = self.faultpoints / f".{point}"
        partial.write_text(action)
        partial.rename(self.faultpoints / point)

    def disarm(self, point: str) -> None:
        (self.faultpoints / point).unlink(missing_ok=True)

    def armed(self, point: str) -> bool:
        """Whether nobody has passed it yet."""
        return (self.faultpoints / point).exists()

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return query(self.database_url, sql, *parameters)


@contextmanager
def running_fleet(
    database_url: str,
    *,
    conversations: int = 1,
    llms: int = 1,
    webs: int = 1,
    webhooks: int = 0,
    senders: int = 0,
    webhook_module: str = "webhook_gateway",
    sender_module: str = "webhook_gateway.sender",
    paired: bool = False,
    prepare: Callable[[Fleet], None] = lambda _fleet: None,
    **settings: str,
) -> Iterator[Fleet]:
    """Everything ready, under short leases; `settings` are for all members.

    `prepare` may change single members before they start.
    `webhook_module` and `sender_module` are what those run, for a test with a channel of its own.
    `paired`: each web gateway speaks to the conversation service of its own number only, not to all of them in turn.
    """
    with running_openai() as model, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faultpoints = folder / "faultpoints"
        faultpoints.mkdir()
        common = _common(database_url, model, faultpoints) | settings
        llm = [_member("llm_service", common, folder) for _ in range(llms)]
        common.setdefault("LLM_SERVICE_ADDRESS", _target(llm))
        conversation = [_member("conversation_service", common, folder) for _ in range(conversations)]
        common.setdefault("CONVERSATION_SERVICE_ADDRESS", _target(conversation))
        own = [{"CONVERSATION_SERVICE_ADDRESS": _target([member])} for member in conversation] if paired else []
        web = [_member("web_gateway", common | (own[number] if paired else {}), folder) for number in range(webs)]
        webhook = [_member("webhook_gateway", common, folder, webhook_module) for _ in range(webhooks)]
        sender = [_member("webhook_sender", common, folder, sender_module) for _ in range(senders)]
        fleet = Fleet(conversation, llm, web, webhook, sender, model, database_url, faultpoints)
        prepare(fleet)
        try:
            for member in fleet.members:
                member.start(wait=False)
            for member in fleet.members:
                member.wait_ready()
            yield fleet
        finally:
            for member in fleet.members:
                member.kill()


def _common(database_url: str, model: ScriptedOpenAI, faultpoints: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SPUR_TEST": "1",
        "FAULTPOINTS": str(faultpoints),
        "DATABASE_URL": database_url,
        "DURABILITY_ELSEWHERE": "yes",  # the tests' server has fsync off
        "SERVICE_TOKEN": "a-token-for-tests-only",
        "SESSION_SECRET": _SECRET,
        "OPENAI_API_KEY": "sk-for-tests",
        "OPENAI_BASE_URL": model.base_url,
        "WEB_GATEWAY_WORKERS": "1",
        "WEBHOOK_GATEWAY_WORKERS": "1",
        "SESSION_MESSAGES_PER_MINUTE": "0",
        "ADDRESS_MESSAGES_PER_MINUTE": "0",
        "TURN_LEASE_SECONDS": "2",
    }


def _member(service: str, common: dict[str, str], folder: Path, module: str = "") -> Member:
    port, metrics_port, name = free_port(), free_port(), service.upper()
    temporary = folder / f"{service}-{port}"
    temporary.mkdir()
    own = {
        f"{name}_PORT": str(port),
        f"{name}_METRICS_PORT": str(metrics_port),
        "TMPDIR": str(temporary),  # a gateway that is killed leaves its metrics behind
        **({"CONVERSATION_SERVICE_ADVERTISE": f"127.0.0.1:{port}"} if service == "conversation_service" else {}),
    }
    ready = _readiness(service, metrics_port if service == "webhook_sender" else port)
    return Member(service, common | own, ready, folder / f"{service}-{port}.log", module)


def _readiness(service: str, port: int) -> Callable[[], bool]:
    if service not in _OVER_HTTP:
        return lambda: health.check(f"127.0.0.1:{port}", seconds=0.5)

    def ready() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=1).ok
        except requests.RequestException:
            return False

    return ready


def _target(members: list[Member]) -> str:
    return "ipv4:" + ",".join(f"127.0.0.1:{member.port}" for member in members)
