"""Conversations for a person to find one in: who wrote last comes first."""

from collections.abc import Sequence
from uuid import UUID

from conversation_service.database import Database, Row
from conversation_service.dead_letters import Letter

OWNERS = ("human", "assistant")


class Conversations:
    """All of them, or those of one channel or one owner."""

    name = "such conversation"
    start: tuple[object, ...] = ("infinity", "infinity", str(UUID(int=0)))

    def __init__(self, database: Database, channel: str = "", owner: str = "") -> None:
        self._database = database
        self._wanted = (channel, owner)

    async def read(
        self, after: tuple[object, ...], limit: int, ids: Sequence[UUID] = (), bodies: bool = False
    ) -> list[Letter[UUID]]:
        """Those behind the position `after`, at most `limit`; with `bodies` what was said last in each."""
        rows = await self._database.run(
            lambda session: session.execute("list_conversations", *after, limit, bodies, *self._wanted)
        )
        return [_letter(row) for row in rows]


def _letter(row: Row) -> Letter[UUID]:
    day, at, number, channel, account, owner, status, wrote, thread, name, author, text = row
    identity = str(number)
    fields = {"id": identity, "wrote": wrote, "channel": channel, "account": account, "owner": owner, "status": status}
    fields |= {"thread": thread, "name": name}
    said = f"{author}: {text}" if author else ""
    return Letter(UUID(identity), (day, at, identity), fields, said.encode(), is_event=False)
