"""A simulator on a free port of its own, for any test that needs the platforms."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from simulator import serving
from simulator.accounts import Account
from simulator.app import Simulator
from simulator.config import SimulatorSettings, accounts
from simulator.customers import Customer
from simulator.misbehaviour import Rule
from tests.ports import free_port


class RunningSimulator:
    """What tests do with it; `inside` is the simulator itself, for what is not here."""

    def __init__(self, inside: Simulator) -> None:
        self.inside = inside
        self.url = inside.url

    def account(self, channel: str) -> Account:
        return self.inside.world.accounts.of(channel)

    def customer(self, channel: str, customer_id: str, **fields: Any) -> Customer:
        """One that the platform knows; without `last_wrote` nobody may write to them yet."""
        found = self.inside.world.customer(channel, self.account(channel).id, customer_id)
        self.inside.world.touch(found, **fields)
        return found

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """A call of /control; raises for an error."""
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())

    def act(self, channel: str, customer_id: str, kind: str = "text", **act: Any) -> dict[str, Any]:
        """A customer does something; {"id", "webhook": the gateway's answer}."""
        return self.control("POST", f"customers/{channel}/{customer_id}/acts", kind=kind, **act)

    def write_as_person(self, channel: str, customer_id: str, text: str) -> dict[str, Any]:
        """Somebody of the shop writes on another device."""
        return self.control("POST", f"shops/{channel}/{customer_id}/acts", text=text)

    def misbehave(self, do: str, **rule: Any) -> Rule:
        return self.inside.script.add(Rule(do=do, **rule))  # type: ignore[arg-type]

    def behave(self) -> None:
        self.inside.script.clear()

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Every accepted send, in order."""
        return list(self.inside.world.accepted)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return list(self.inside.world.calls)

    def wait_for_accepted(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        done = self.inside.world.wait_until(lambda world: len(world.accepted) >= count, seconds)
        assert done, f"{len(self.accepted)} of {count} sends came: {self.accepted}"
        return self.accepted


@contextmanager
def running_simulator(gateway_url: str, public_url: str = "", **settings: Any) -> Iterator[RunningSimulator]:
    """`settings` as SIMULATOR_… in lower case without that prefix: whatsapp_app_secret="…"."""
    named = {f"simulator_{name}": value for name, value in settings.items()}
    owned = accounts(SimulatorSettings(**named))
    with serving.running(owned, gateway_url, public_url, port=free_port()) as inside:
        yield RunningSimulator(inside)
