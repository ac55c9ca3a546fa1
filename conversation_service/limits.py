"""Allowances that hold over all processes: charged in Postgres, before anything else is written."""

from collections.abc import Sequence

from conversation_service.database import Database, Session, columns
from protos import conversation_pb2 as pb


class Limits:
    """Rate limits by the generic cell rate algorithm."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charge(self, limits: Sequence[pb.RateLimit]) -> float:
        """Charge one call to each allowance; the seconds until all of them would grant it, 0 where they do now.

        An allowance that grants while another refuses stays charged: a refused caller is not to try at full speed.
        """
        rows = [(limit.key, 60 / limit.per_minute, limit.burst * 60 / limit.per_minute) for limit in limits]

        def work(session: Session) -> list[tuple[str, float]]:
            return session.execute("charge_limits", *columns(rows, 3))

        return max(seconds for _key, seconds in await self._database.run(work))
