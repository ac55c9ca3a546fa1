"""Reads who bears which names, and where they are talked with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.database import Session, columns
from conversation_service.events import Entry
from conversation_service.people.names import Name

Account = tuple[str, str]  # channel and ours there
FullName = tuple[Account, Name]

THREAD = ""  # the kind under which a thread is looked for


@dataclass
class Known:
    """What is stored of the names that were asked for."""

    bearers: dict[FullName, str] = field(default_factory=dict)
    # Of each participant: since when their conversation with that account is there, and its thread.
    threads: dict[tuple[Account, str], tuple[datetime, str]] = field(default_factory=dict)
    # Where the events of a thread go.
    targets: dict[tuple[Account, str], str] = field(default_factory=dict)


def find(session: Session, names: Iterable[FullName]) -> Known:
    """By one statement."""
    known = Known()
    rows = sorted({(*account, *name) for account, name in names})
    for channel, account_name, kind, value, participant, thread, since in session.execute(
        "find_people", *columns(rows, 4)
    ):
        account = channel, account_name
        if kind == THREAD:
            known.targets[account, value] = thread
            continue
        known.bearers[account, (kind, value)] = participant
        if thread is not None:
            known.threads[account, participant] = since, thread
    return known


def unrecorded(session: Session, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose event has not come before."""
    if not entries:
        return []
    recorded = set(session.execute("find_events", *columns([entry.key for entry in entries], 3)))
    return [entry for entry in entries if entry.key not in recorded]
