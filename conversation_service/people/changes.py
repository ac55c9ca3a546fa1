"""A platform says that somebody goes by another name from now on."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.database import Session
from conversation_service.events import Entry
from conversation_service.people.finding import find, unrecorded
from conversation_service.people.introducing import introduce
from conversation_service.people.names import ID, Name


def change_names(session: Session, entries: Sequence[Entry]) -> None:
    """Whoever bore the old name bears the new one; an event that is recorded already changes nothing any more."""
    for entry in unrecorded(session, entries):
        if entry.renamed:
            _rename(session, entry, *entry.renamed)


def _rename(session: Session, entry: Entry, old: Name, new: Name) -> None:
    account = entry.key[:2]
    before = {old, (ID, old[1])}
    known = find(session, [(account, name) for name in {*before, *entry.names}])
    bearer = next(
        (known.bearers[account, name] for name in (*before, *entry.names) if (account, name) in known.bearers), ""
    )
    thread = known.threads.get((account, bearer))
    if thread is None:
        return  # nobody has heard of them: there is no conversation to keep
    known.bearers.setdefault((account, old), bearer)  # also where only another name of theirs was known
    with session.transaction():
        # As if they had written under both names; whoever was taken for another person so far is one with them.
        names = tuple(sorted({*before, new, (ID, new[1])}))
        introduce(session, [replace(entry, names=names, thread_key=thread[1])], known)
        for kind, value in before:
            session.execute("retire_name", *account, kind, value)
