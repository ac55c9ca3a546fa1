"""Finds the conversation of an event's person before it is recorded: whoever is known under one name keeps it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from conversation_service.database import Session
from conversation_service.events import Entry, Key
from conversation_service.people.changes import change_names
from conversation_service.people.finding import THREAD, FullName, Known, find, unrecorded
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
    # Whoever wrote before a change of names did so under the old one.
    parts = [(is_change, list(part)) for is_change, part in groupby(concerned, lambda e: e.kind == "alias_change")]
    resolved = [entry for is_change, part in parts for entry in _resolve(session, part, is_change)]
    if len(parts) > 1:  # a later part may have joined the conversations of an earlier one
        known = find(session, _names(resolved))
        resolved = [_lead(entry, known) for entry in resolved]
    before = {entry.key: entry for entry in concerned}
    return {entry.key: entry for entry in resolved if entry is not before[entry.key]}


def _resolve(session: Session, entries: Sequence[Entry], are_changes: bool) -> list[Entry]:
    if are_changes:
        change_names(session, entries)
    known = find(session, _names(entries))
    # An event that comes again tells nothing: its person may go by other names since.
    if strangers := unrecorded(session, [entry for entry in entries if _is_news(entry, known)]):
        introduce(session, strangers, known)
        known = find(session, _names(entries))
    return [_place(entry, known) for entry in entries]


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
    return _lead(entry, known)


def _lead(entry: Entry, known: Known) -> Entry:
    """In the conversation in which its own continues."""
    target = known.targets.get((entry.key[:2], entry.thread_key), entry.thread_key)
    return entry if target == entry.thread_key else replace(entry, thread_key=target)
