"""A model that says its first sentence and waits for the test before it says the rest."""

import asyncio
import threading

from tests.scripted_openai import Exchange

FIRST, REST = "You can return shoes within 30 days.", " They must be unworn."


class HeldAnswer:
    """A behaviour of the scripted model."""

    def __init__(self) -> None:
        self.begun = 0
        self._released = threading.Event()

    async def __call__(self, exchange: Exchange) -> None:
        exchange.begin()
        exchange.event(f"{FIRST} They")
        self.begun += 1
        while not self._released.is_set():  # noqa: ASYNC110 - it is set in another thread
            await asyncio.sleep(0.02)
        exchange.event(REST.removeprefix(" They"))
        exchange.event(finish="stop")
        exchange.usage(12)
        exchange.end()

    def release(self) -> None:
        """Let it, and all that are asked later, be said to the end."""
        self._released.set()
