"""The commands for the person who runs it: try a channel's configuration, and decide on replies that are in doubt."""

import argparse
import uuid
from collections.abc import Callable, Mapping, Sequence

from webhook_gateway.channels.channel import Channel

Say = Callable[[str], None]

_MOST = 1000  # that the contract lists at once
_CHECK = "try the configuration of a channel for real, and say what to mend"
_PARKED = "replies of which nobody knows whether they arrived"


class CommandError(Exception):
    """One sentence that says what is wrong and what to do; shown without a traceback."""


def parse(channels: Mapping[str, type[Channel]], arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; `kind` is None where the gateway is to be started."""
    parser = argparse.ArgumentParser(
        prog="python -m webhook_gateway",
        description="Without a command: start the gateway. The commands read the same settings.",
        epilog="A command ends with 0, with 1 where something is to be mended, with 2 where it was mistyped.",
    )
    kinds = parser.add_subparsers(dest="kind", metavar="check | parked")
    check = kinds.add_parser("check", help=_CHECK, description=f"{_CHECK[0].upper()}{_CHECK[1:]}.")
    check.add_argument("channel", choices=sorted(channels), help=" | ".join(sorted(channels)), metavar="CHANNEL")
    check.add_argument("--account", default="", metavar="ID", help="this account only, as its settings name it")
    check.add_argument("--register", action="store_true", help="register the webhook first (telegram)")
    actions = kinds.add_parser("parked", help=_PARKED, description=_PARKED).add_subparsers(
        dest="action", required=True, metavar="list | resend | drop"
    )
    _add_list(actions.add_parser("list", help="show them, oldest first"), channels)
    for action, words in (("resend", "send them once more"), ("drop", "do not send them, nor what follows in a reply")):
        decision = actions.add_parser(action, help=f"{words}; safe to repeat")
        decision.add_argument("ids", nargs="+", type=_identity, metavar="ID", help="as `list` shows it")
        decision.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args(arguments)


def _add_list(parser: argparse.ArgumentParser, channels: Mapping[str, type[Channel]]) -> None:
    parser.add_argument("--channel", choices=sorted(channels), metavar="CHANNEL", help="of this channel only")
    parser.add_argument("--limit", type=_limit, default=50, help="how many at most (default: 50)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--show", action="store_true", help="show what the reply says, too")


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1 to {_MOST}")
    return int(text)


def _identity(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is no id; `list` shows them") from None
