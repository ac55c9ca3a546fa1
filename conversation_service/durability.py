"""Refuses a Postgres that would lose what it has confirmed."""

import structlog

from conversation_service.database import DatabaseUnavailable, Session

_logger = structlog.get_logger()


class NotDurable(DatabaseUnavailable):
    """What this server confirms may be lost."""


# As read_durability.sql gives them. The first is our own session's, which a pooler may have dropped.
_SETTINGS = ("synchronous_commit", "fsync", "full_page_writes")


class Durability:
    """Looks at each new connection, for a server may be replaced or set up anew while we run."""

    def __init__(self, kept_elsewhere: bool) -> None:
        """`kept_elsewhere`: somebody answers for a server that does not."""
        self._kept_elsewhere = kept_elsewhere
        self._told = False

    def check(self, session: Session) -> None:
        """Raises NotDurable where a crash of the server could take back what it committed."""
        values = session.execute("read_durability")[0]
        off = [name for name, value in zip(_SETTINGS, values, strict=True) if value == "off"]
        if off and not self._kept_elsewhere:
            raise NotDurable(
                f"Postgres runs with {' and '.join(off)} off, so a crash of it would lose confirmed messages: "
                "switch that on, or set DURABILITY_ELSEWHERE=yes if the database keeps them by other means."
            )
        if off and not self._told:
            self._told = True
            _logger.warning("the database is trusted to keep commits by other means (DURABILITY_ELSEWHERE)", off=off)
