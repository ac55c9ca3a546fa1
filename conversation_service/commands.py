"""The commands for the person who runs it: look at what was set aside, find conversations and step into them."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conversation_service import interventions, listing
from conversation_service.conversations import OWNERS, Conversations
from conversation_service.database import REFUSED, Database, DatabaseUnavailable
from conversation_service.dead_letters import (
    DeadLetters,
    EventConflicts,
    Letter,
    Listed,
    ParkedDeliveries,
    PoisonEvents,
)
from conversation_service.inbox import Inbox

Say = Callable[[str], None]

_AT_ONCE = 50  # in memory, with half a megabyte each at the worst
_MOST = 100_000
_KINDS: dict[str, tuple[type[Any], str]] = {
    "poison": (PoisonEvents, "events that could not be understood, or that the database refused"),
    "conflicts": (EventConflicts, "events whose key had come before with another meaning"),
    "parked": (ParkedDeliveries, "replies of which nobody knows whether they arrived"),
}
_FIND = "conversations"


class CommandError(Exception):
    """One sentence that says what is wrong and what to do; shown without a traceback."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; `kind` is None where the service is to be started."""
    parser = argparse.ArgumentParser(
        prog="python -m conversation_service",
        description="Without a command: start the service. The commands need nothing but its DATABASE_URL.",
        epilog="A command ends with 0, with 1 where something could not be done, with 2 where it was mistyped.",
    )
    kinds = parser.add_subparsers(dest="kind", metavar=" | ".join([*_KINDS, _FIND, *interventions.DESCRIPTIONS]))
    for kind, (letters, description) in _KINDS.items():
        actions = kinds.add_parser(kind, help=description, description=description).add_subparsers(
            dest="action", required=True, metavar="list | requeue"
        )
        _add_list(actions.add_parser("list", help="show them, oldest first"))
        _add_requeue(actions.add_parser("requeue", help="let them take effect after all; safe to repeat"), letters)
    _add_find(kinds)
    for kind, description in interventions.DESCRIPTIONS.items():
        interventions.add_arguments(kinds.add_parser(kind, help=description, description=description), kind)
    return parser.parse_args(arguments)


def _add_find(kinds: Any) -> None:
    description = "conversations, by the ids that handback, reply and close take"
    actions = kinds.add_parser(_FIND, help=description, description=description).add_subparsers(
        dest="action", required=True, metavar="list"
    )
    parser = actions.add_parser("list", help="show them; whose customer wrote last comes first")
    parser.add_argument("--channel", default="", metavar="NAME", help="only this one: web, whatsapp …")
    parser.add_argument("--owner", default="", choices=OWNERS, help="only those that a person, or the assistant, has")
    _add_list(parser, "show what was said last, too")


def _add_list(parser: argparse.ArgumentParser, show: str = "show what the customer wrote, too") -> None:
    parser.add_argument("--limit", type=_limit, default=50, help="how many at most (default: 50)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--show", action="store_true", help=show)


def _add_requeue(parser: argparse.ArgumentParser, letters: type[DeadLetters[Any]]) -> None:
    def identity(text: str) -> Any:
        try:
            return letters.parse_id(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text[:60]!r} is no id; `list` shows them") from None

    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", nargs="*", type=identity, default=[], metavar="ID", help="as `list` shows it")
    which.add_argument("--all", action="store_true", help="all that there are, oldest first")
    parser.add_argument("--limit", type=_limit, default=1000, help="with --all: how many at most (default: 1000)")


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1 to {_MOST}")
    return int(text)


async def run(arguments: argparse.Namespace, database: Database, inbox: Inbox, say: Say) -> int:
    """Do what the command line says; the exit status. Raises CommandError."""
    try:
        if arguments.kind in interventions.DESCRIPTIONS:
            say(await interventions.run(arguments, database))
            return 0
        if arguments.kind == _FIND:
            return await _list(arguments, Conversations(database, arguments.channel, arguments.owner), say)
        return await _look_or_requeue(arguments, database, inbox, say)
    except interventions.Refused as refused:
        raise CommandError(str(refused)) from None
    except DatabaseUnavailable as error:
        cause = f" ({str(error.__cause__).strip().splitlines()[0]})" if error.__cause__ else ""
        raise CommandError(f"The database is not available, see DATABASE_URL: {error}{cause}") from None
    except REFUSED as error:
        raise CommandError(f"The database refused it, see DATABASE_URL: {type(error).__name__}") from None


async def _look_or_requeue(arguments: argparse.Namespace, database: Database, inbox: Inbox, say: Say) -> int:
    letters = ParkedDeliveries(database) if arguments.kind == "parked" else _KINDS[arguments.kind][0](database, inbox)
    return await (_list if arguments.action == "list" else _requeue)(arguments, letters, say)


async def _list(arguments: argparse.Namespace, letters: Listed[Any], say: Say) -> int:
    left, after, first = arguments.limit, letters.start, True
    while left and (found := await letters.read(after, min(left, _AT_ONCE), bodies=arguments.show)):
        for line in _lines(found, arguments, first):
            say(line)
        left, after, first = left - len(found), found[-1].position, False
    if first:
        _remark(f"there is no {letters.name}")
    elif not left and await letters.read(after, 1):
        _remark(f"there are more: --limit shows up to {_MOST}")
    return 0


def _lines(found: Sequence[Letter[Any]], arguments: argparse.Namespace, first: bool) -> Iterator[str]:
    if first and not arguments.json:
        yield listing.heading(found[0])
    for letter in found:
        yield listing.as_json(letter, arguments.show) if arguments.json else listing.as_row(letter)
        if arguments.show and not arguments.json:
            yield listing.indented_body(letter)


async def _requeue(arguments: argparse.Namespace, letters: DeadLetters[Any], say: Say) -> int:
    ids = list(dict.fromkeys(arguments.ids))
    found = {letter.id for letter in await letters.read(letters.start, len(ids), ids)} if ids else set()
    if unknown := [str(identity) for identity in ids if identity not in found]:
        raise CommandError(
            f"There is no {letters.name} {', '.join(unknown[:10])}: nothing was done; `list` shows them."
        )
    left, after, gone, kept = len(ids) or arguments.limit, letters.start, 0, 0
    while left and (batch := await letters.read(after, min(left, _AT_ONCE), ids, bodies=True)):
        for letter in batch:
            left_us, words = await letters.requeue(letter)
            say(listing.printable(f"{letter.id}: {words}"))
            gone, kept = gone + left_us, kept + (not left_us)
        left, after = left - len(batch), batch[-1].position
    _remark(f"{gone} requeued, {kept} kept" if gone or kept else f"there is no {letters.name}: nothing to do")
    if not ids and not left and await letters.read(after, 1):
        _remark("there are more: run it again, or with a greater --limit")
    return 1 if kept else 0


def _remark(text: str) -> None:
    """For the person, beside what a program may read."""
    sys.stderr.write(f"{text}\n")
