"""`python -m webhook_gateway check CHANNEL`: which accounts are tried, and that there are any."""

import argparse
from collections.abc import Mapping

from webhook_gateway.accounts import variables
from webhook_gateway.channels.channel import Channel
from webhook_gateway.checks import CHECKS
from webhook_gateway.checks.probing import Checks
from webhook_gateway.checks.run import run
from webhook_gateway.commands import CommandError, Say
from webhook_gateway.sender.transport import Transport


def check(
    arguments: argparse.Namespace, known: Mapping[str, type[Channel]], configured: Mapping[str, Channel], say: Say
) -> int:
    """The exit status. Raises CommandError where there is nothing to try."""
    name = arguments.channel
    channel, checks = configured.get(name), CHECKS.get(name, Checks())
    if channel is None:
        described = variables(name, known[name].account_type)
        needed = [variable for variable, field in described.items() if field.is_required()]
        raise CommandError(f"{name} is off: set {', '.join(needed)} (see docs/channels/{name}.md).")
    if arguments.account and arguments.account not in channel.accounts:
        there = ", ".join(channel.accounts)
        raise CommandError(f"{name} has no account {arguments.account[:60]!r}; there is {there}.")
    if arguments.register and checks.register is None:
        raise CommandError(f"{name} cannot be registered from here: do it as docs/channels/{name}.md says.")
    accounts = [arguments.account] if arguments.account else list(channel.accounts)
    return 1 if run(channel, checks, accounts, Transport().send, say, arguments.register) else 0
