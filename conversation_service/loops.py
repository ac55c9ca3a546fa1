"""Work that goes on until it is cancelled, whatever happens to a single round of it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from conversation_service.database import DatabaseUnavailable

_logger = structlog.get_logger()


async def every(seconds: float, work: Callable[[], Awaitable[None]], wakeup: asyncio.Event | None = None) -> None:
    """Do `work` again and again, `seconds` apart, or at once where `wakeup` is set."""
    wakeup = wakeup or asyncio.Event()
    while True:
        wakeup.clear()
        try:
            await work()
        except DatabaseUnavailable as error:
            _logger.warning("waiting for the database", work=work.__name__, error=str(error))
        except Exception:
            _logger.exception("a round of work failed", work=work.__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wakeup.wait()
