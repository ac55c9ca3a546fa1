"""Remembers people who write for the first time, new names of those who are known, and that two of them are one."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from conversation_service import consent, ownership
from conversation_service.database import Session, columns
from conversation_service.events import Entry
from conversation_service.people.finding import Account, FullName, Known, find
from conversation_service.people.names import ID, proves


def introduce(session: Session, strangers: Sequence[Entry], known: Known) -> None:
    """In one transaction, in an order that all processes share: names, participants, conversations.

    A name is unique while it is valid, so of those who bring the same one at the same time the first decides whose it
    is; the others wait for that, and read it.
    """
    with session.transaction():
        people = _insert(session, strangers, known)
        names = [(entry.key[:2], name) for entry in strangers for name in entry.names]
        found = find(session, names)
        # Who is new is nobody else's business before this is committed.
        if others := set(found.bearers.values()) - people:
            session.execute("lock_people", sorted(others))
            found = find(session, names)  # what was found out about them before they were locked
        for entry in strangers:
            if _merge(session, entry, found):
                found = find(session, names)
        if nameless := people - set(found.bearers.values()):  # somebody else was faster, or they were merged
            session.execute("forget_nameless", sorted(nameless))
        _open(session, strangers, found)
        _retire(session, strangers, found, people)


def _insert(session: Session, strangers: Sequence[Entry], known: Known) -> set[str]:
    """The new participants."""
    bearers = dict(known.bearers)
    people: dict[str, str] = {}
    rows: dict[FullName, str] = {}
    for entry in strangers:
        full = [(entry.key[:2], name) for name in entry.names]
        bearer = next((bearers[name] for name in full if proves(name[1]) and name in bearers), None)
        if bearer is None:
            bearer = str(uuid.uuid4())
            people[bearer] = entry.display_name
        for name in full:
            if name not in bearers:
                bearers[name] = rows[name] = bearer
    named = [(bearer, *account, *name) for (account, name), bearer in rows.items()]
    session.execute("introduce_people", *columns(list(people.items()), 2), *columns(named, 5))
    return set(people)


def _merge(session: Session, entry: Entry, found: Known) -> bool:
    """Whether the entry's names were several people's; then they are one's: who has been known for the longest."""
    account = entry.key[:2]
    ids = {found.bearers[account, name] for name in entry.names if proves(name) and (account, name) in found.bearers}
    if len(ids) < 2:
        return False
    first, *others = sorted(ids, key=lambda one: (_since(found, account, one), one))
    for conversation, is_owned, reason, opted_out_at in session.execute("merge_people", first, others, *account):
        # What held in one of them holds in all, and ends what waits there.
        if is_owned:
            ownership.take_over(session, str(conversation), reason or "merge")
        if opted_out_at:
            consent.opt_out(session, str(conversation), opted_out_at)
    return True


def _since(found: Known, account: Account, participant: str) -> tuple[bool, str]:
    """To sort by: those without a conversation come last."""
    thread = found.threads.get((account, participant))
    return (thread is None, thread[0].isoformat() if thread else "")


def _open(session: Session, strangers: Sequence[Entry], found: Known) -> None:
    """A conversation for everybody who has none."""
    rows: dict[tuple[Account, str], tuple[str, str]] = {}
    for entry in strangers:
        account = entry.key[:2]
        for name in entry.names:
            bearer = found.bearers.get((account, name))
            if bearer and proves(name) and (account, bearer) not in found.threads:
                rows.setdefault((account, bearer), (entry.new_id, entry.thread_key))
    _open_threads(session, rows)


def _open_threads(session: Session, rows: dict[tuple[Account, str], tuple[str, str]]) -> None:
    wanted = [(new_id, *account, thread, bearer) for (account, bearer), (new_id, thread) in rows.items()]
    if not wanted:
        return
    owners = {
        (channel, account, thread): owner
        for channel, account, thread, owner in session.execute("open_conversations", *columns(wanted, 5))
    }
    # The thread is of somebody who went by this name before: what they said is none of this person's business.
    taken = [
        (str(uuid.uuid4()), channel, account, f"{thread[:200]}~{bearer}", bearer)
        for _id, channel, account, thread, bearer in wanted
        if owners[channel, account, thread] != bearer
    ]
    if taken:
        session.execute("open_conversations", *columns(taken, 5))


def _retire(session: Session, strangers: Sequence[Entry], found: Known, people: set[str]) -> None:
    """Nobody bears two names of a kind: the one that they brought last replaces the others."""
    brought: dict[tuple[str, Account, str], list[list[str]]] = defaultdict(list)
    for entry in strangers:
        account = entry.key[:2]
        bearer = next((found.bearers.get((account, name)) for name in entry.names if proves(name)), None)
        if bearer:
            for kind in sorted({kind for kind, _value in entry.names} - {ID}):
                values = [value for one, value in entry.names if one == kind]
                if values not in brought[bearer, account, kind][-1:]:
                    brought[bearer, account, kind].append(values)
    for (bearer, account, kind), changes in brought.items():
        if bearer not in people or len(changes) > 1:  # else there is nothing that it could replace
            session.execute("retire_names", bearer, *account, kind, changes[-1])
