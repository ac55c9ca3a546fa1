"""The monolith's own statements, on psycopg2 in a bounded pool of threads, prepared once on each connection."""

import asyncio
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import psycopg2

from benchmarks.chain.calls import Json

_SOURCE = (Path(__file__).parents[1] / "monolith" / "store.js").read_text(encoding="utf-8")
_CONNECTIONS = 8  # as many as the conversation service has

T = TypeVar("T")


def _prepare(name: str, constant: str) -> str:
    """`constant` of store.js, word for word."""
    found = re.search(rf"const {constant} = `(.*?)`;", _SOURCE, re.DOTALL)
    limit = re.search(r"const HISTORY = (\d+);", _SOURCE)
    assert found, f"store.js has no {constant}"
    assert limit, "store.js has no HISTORY"
    return f"PREPARE {name} AS {found[1].replace('${HISTORY}', limit[1])}"


_PREPARED = "; ".join(map(_prepare, ("record", "history", "finish"), ("RECORD", "READ_HISTORY", "FINISH")))


class Store:
    """What is said, kept; each statement commits on its own and is one round trip."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._executor = ThreadPoolExecutor(_CONNECTIONS)
        self._thread = threading.local()

    async def begin(
        self, conversation: str, text: str, client_message: str
    ) -> tuple[int, list[tuple[str, str]]] | None:
        """The stored message's id, and who said what up to it, the oldest first; None where it was stored before."""

        def work(cursor: Any) -> tuple[int, list[tuple[str, str]]] | None:
            cursor.execute("EXECUTE record (%s, %s, %s)", (conversation, text, client_message))
            if not (row := cursor.fetchone()):
                return None
            cursor.execute("EXECUTE history (%s, %s)", (conversation, row[0]))
            return row[0], cursor.fetchall()[::-1]

        return await self._run(work)

    async def finish(self, conversation: str, message: int, text: str, call: Json) -> int:
        """The answer's id."""
        values = conversation, text, message, *call.values()

        def work(cursor: Any) -> int:
            cursor.execute("EXECUTE finish (%s, %s, %s, %s, %s, %s, %s)", values)
            return int(cursor.fetchone()[0])

        return await self._run(work)

    async def _run(self, work: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._with_cursor, work)

    def _with_cursor(self, work: Callable[[Any], T]) -> T:
        if not hasattr(self._thread, "cursor"):
            connection = psycopg2.connect(self._url)
            connection.autocommit = True
            self._thread.cursor = connection.cursor()
            self._thread.cursor.execute(_PREPARED)
        return work(self._thread.cursor)
