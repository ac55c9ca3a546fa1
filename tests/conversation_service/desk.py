"""The commands of the person who runs it, on a database with nothing running beside them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from conversation_service import commands
from conversation_service.database import Database, connect
from conversation_service.inbox import Inbox, Windows
from protos import conversation_pb2 as pb


class Desk:
    """A database with nothing running on it, and the commands."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(connect(url, "test"), 2)
        self.inbox = Inbox(self.database, Windows(0, 0, 60))

    async def record(self, *events: pb.Event) -> list[pb.Receipt]:
        return (await self.inbox.record(events, "test", None)).receipts

    async def run(self, *words: str, status: int = 0) -> list[str]:
        lines: list[str] = []
        assert await commands.run(commands.parse(words), self.database, self.inbox, lines.append) == status
        return lines

    async def listed(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in await self.run(*words, "--json")]

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []


WithDesk = Callable[[Callable[[Desk], Awaitable[None]]], None]


@pytest.fixture
def with_desk(database_url: str) -> WithDesk:
    def run(scenario: Callable[[Desk], Awaitable[None]]) -> None:
        async def whole() -> None:
            desk = Desk(database_url)
            try:
                await scenario(desk)
            finally:
                await desk.database.close()

        asyncio.run(whole())

    return run
