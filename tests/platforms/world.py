"""The simulated platforms and a fleet that is configured for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fleet import Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.simulator.running import RunningSimulator, running_simulator

APP_ID = "100200300400801"
# What Twilio signs; the simulator posts to the gateway itself.
PUBLIC_URL = "https://chat.example.com"


class World:
    """What tests see of both."""

    def __init__(self, fleet: Fleet, simulator: RunningSimulator) -> None:
        self.fleet = fleet
        self.simulator = simulator

    def write(self, channel: str, customer: str, text: str = "", kind: str = "text", **act: Any) -> str:
        """A customer does something on the phone; the platform's id of it."""
        done = self.simulator.act(channel, customer, kind, text=text, **act)
        return str(done["id"])

    def received(self, customer: str) -> list[str]:
        """What the platform has taken for a customer, every copy of it."""
        return [send["text"] for send in self.simulator.accepted if send["recipient"] == customer]

    def wait_for_replies(self, customer: str, count: int = 1, seconds: float = 20) -> list[str]:
        eventually(lambda: len(self.received(customer)) >= count, seconds)
        return self.received(customer)

    def deliveries(self, *columns: str) -> list[tuple[Any, ...]]:
        return self.fleet.query(f"SELECT {', '.join(columns)} FROM deliveries ORDER BY conversation_id, out_seq, part")

    def settled(self) -> bool:
        """Whether every event is answered, and every answer sent or given up."""
        (open_turns,), (open_deliveries,) = (
            self.fleet.query("SELECT count(*) FROM turns WHERE state IN ('pending', 'running')")[0],
            self.fleet.query("SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending', 'unknown')")[0],
        )
        return not open_turns and not open_deliveries

    def wait_until_settled(self, seconds: float = 60) -> None:
        eventually(self.settled, seconds)

    def owner(self, customer: str) -> tuple[str, str | None]:
        (found,) = self.fleet.query("SELECT owner, owner_reason FROM conversations WHERE thread_key = %s", customer)
        return found  # type: ignore[return-value]


@contextmanager
def running_world(
    database_url: str, *, webs: int = 0, webhooks: int = 1, senders: int = 1, **settings: str
) -> Iterator[World]:
    """All of it, ready; rapid messages are gathered for a moment only."""
    with running_simulator("http://127.0.0.1:1", PUBLIC_URL, app_id=APP_ID) as simulator:
        common = {
            "GATHER_SECONDS": "0.05",
            "GATHER_LIMIT_SECONDS": "0.2",
            "AUTOMATIC_NOTICE": "-",
            "LLM_MAX_OUTPUT_TOKENS": "4000",  # room for answers of several parts
            **accounts(simulator),
        }
        members = {"webs": webs, "webhooks": webhooks, "senders": senders}
        with running_fleet(database_url, **members, **common | settings) as fleet:
            simulator.inside.postman.gateway_url = f"http://127.0.0.1:{fleet.webhook[0].port}"
            yield World(fleet, simulator)


def accounts(simulator: RunningSimulator) -> dict[str, str]:
    """The gateway's and the sender's settings for the accounts that the simulator has."""
    told = {"PUBLIC_BASE_URL": PUBLIC_URL}
    for api in ("GRAPH", "INSTAGRAM", "TELEGRAM", "TWILIO"):
        told[f"{api}_API_BASE_URL"] = simulator.url
    for channel, id_field in {
        "whatsapp": "PHONE_NUMBER_ID",
        "instagram": "ACCOUNT_ID",
        "messenger": "PAGE_ID",
    }.items():
        account = simulator.account(channel)
        told |= {
            f"{channel.upper()}_{field}": value
            for field, value in {
                id_field: account.id,
                "ACCESS_TOKEN": account.token,
                "APP_SECRET": account.secret,
                "VERIFY_TOKEN": account.verify_token,
                "APP_ID": account.app_id,
            }.items()
        }
    bot, twilio = simulator.account("telegram"), simulator.account("twilio")
    return told | {
        "TELEGRAM_BOT_TOKEN": bot.token,
        "TELEGRAM_SECRET_TOKEN": bot.secret,
        "TWILIO_SENDER": twilio.id,
        "TWILIO_ACCOUNT_SID": twilio.business_id,
        "TWILIO_AUTH_TOKEN": twilio.token,
    }
