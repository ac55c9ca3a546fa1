"""Many customers who write at once: webhooks in bodies of any size, posted as fast as the gateway takes them."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from simulator.acting import Acting
from simulator.acts import Act
from simulator.platforms.platform import Platform, Update
from simulator.postman import Answer, Postman
from simulator.world import World


class Load(BaseModel):
    """What POST /control/load takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = "whatsapp"
    accounts: tuple[str, ...] = Field(default=(), description="Several are mixed in one body; empty: the first one.")
    messages: int = Field(default=100, ge=1, le=100_000)
    customers: int = Field(default=10, ge=1, le=100_000)
    body: int = Field(default=1, ge=1, le=1000, description="Updates of one body.")
    at_once: int = Field(default=1, ge=1, le=64, description="Bodies under way at a time.")
    text: str = Field(default="Where is my order?", description="Each text gets a number of its own behind it.")
    shuffle: bool = False
    seed: int | None = None


class Driver:
    """Drives loads one after the other or beside one another."""

    def __init__(self, world: World, platforms: Mapping[str, Platform], postman: Postman, acting: Acting) -> None:
        self._world = world
        self._platforms = platforms
        self._postman = postman
        self._acting = acting

    def run(self, load: Load) -> dict[str, Any]:
        """The gateway's answers by status, and seconds: of the whole, and of single answers. Nothing is tried again.

        Raises UnknownAccount, also for a channel that there is not.
        """
        updates = self._updates(load)
        platform = self._platforms[load.channel]
        size = min(load.body, platform.batch)
        bodies = [updates[start : start + size] for start in range(0, len(updates), size)]
        envelopes = [platform.envelope(body, self._postman.public_url) for body in bodies]
        began = time.monotonic()
        with ThreadPoolExecutor(load.at_once) as pool:
            answers = list(pool.map(self._postman.try_once, envelopes))
        return {"bodies": len(bodies), "seconds": time.monotonic() - began, **_figures(answers)}

    def _updates(self, load: Load) -> list[Update]:
        accounts = [self._world.accounts.of(load.channel, one) for one in load.accounts or ("",)]
        people = [
            self._world.customer(load.channel, accounts[number % len(accounts)].id, address(load.channel, number))
            for number in range(load.customers)
        ]
        turns = itertools.islice(itertools.cycle(people), load.messages)
        found = [
            self._acting.update(customer, Act(text=f"{load.text} {number}")) for number, customer in enumerate(turns)
        ]
        if load.shuffle:
            random.Random(load.seed).shuffle(found)  # noqa: S311 - nobody has to be kept from guessing it
        return found


def address(channel: str, number: int) -> str:
    """A customer of the crowd; the same ones in every load."""
    prefix = {"twilio": "+1415555", "whatsapp": "1415555"}.get(channel, "7000555")
    return f"{prefix}{number:06}"


def _figures(answers: Sequence[Answer]) -> dict[str, Any]:
    seconds = sorted(answer.seconds for answer in answers)
    statuses = Counter(str(answer.status) for answer in answers)
    return {"answers": dict(statuses), "median": seconds[len(seconds) // 2], "slowest": seconds[-1]}
