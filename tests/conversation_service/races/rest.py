"""Waits until every turn is over, and then looks whether everything holds that must."""

import asyncio

from tests.conversation_service.harness import Client, eventually
from tests.invariants import Invariants


async def at_rest(service: Client, seconds: float = 60) -> None:
    """Raises where turns do not end, or an invariant does not hold once they have."""
    invariants = Invariants(service.query)
    await eventually(
        lambda: asyncio.sleep(0.05, invariants.open_turns()), lambda open_turns: open_turns == 0, seconds=seconds
    )
    invariants.check()
