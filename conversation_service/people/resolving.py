"""Finds the conversation of an event's person before it is recorded: whoever is known under one name keeps it."""

from collections.abc import Iterable
from dataclasses import replace

from conversation_service.database import Session
from conversation_service.events import Entry, Key
from conversation_service.people.changes import change_names
from conversation_service.people.finding import THREAD, FullName, Known, find
from conversation_service.people.introducing import introduce
from conversation_service.people.names import ID, proves

# What makes somebody known who was not; of others only what they do is known.
_INTRODUCES = frozenset({"message", "echo", "preference"})


def resolve(session: Session, entries: Iterable[Entry]) -> dict[Key, Entry]:
    """The entries whose conversation is another than their thread says, or whose person is known by now.

    Outside of the transaction that records them, and safe to repeat: what is learnt about names stays true without it.
    One statement where everybody is known, none for the web.
    """
    concerned = [entry for entry in entries if entry.surface == "messaging" and entry.thread_key]
    if not concerned:
        return {}
    change_names(session, [entry for entry in concerned if entry.kind == "alias_change"])
    known = find(session, _names(concerned))
    strangers = [entry for entry in concerned if _is_news(entry, known)]
    if strangers:
        introduce(session, strangers, known)
        known = find(session, _names(concerned))
    return {entry.key: placed for entry in concerned if (placed := _place(entry, known)) is not entry}


def _names(entries: Iterable[Entry]) -> Iterable[FullName]:
    for entry in entries:
        account = entry.key[:2]
        yield account, (THREAD, entry.thread_key)
        yield account, (ID, entry.thread_key)
        for name in entry.names:
            yield account, name


def _is_news(entry: Entry, known: Known) -> bool:
    """Whether it tells of a person, or of a name, that is not known yet; or that two people are one."""
    if entry.kind not in _INTRODUCES or not entry.is_personal:
        return False
    account = entry.key[:2]
    bearers = {known.bearers.get((account, name)) for name in entry.names if proves(name)}
    return len(bearers) > 1 or None in bearers or any((account, one) not in known.threads for one in bearers if one)


def _place(entry: Entry, known: Known) -> Entry:
    account = entry.key[:2]
    # A thread that is none of its person's names is shared with others, a group: it stays what it is.
    names = [name for name in entry.names if proves(name)] if entry.is_personal else []
    if not entry.names:
        names = [(ID, entry.thread_key)]
    for participant in (known.bearers.get((account, name)) for name in names):
        if participant and (found := known.threads.get((account, participant))):
            return replace(entry, thread_key=found[1], participant=participant)
    target = known.targets.get((account, entry.thread_key), entry.thread_key)
    return entry if target == entry.thread_key else replace(entry, thread_key=target)
