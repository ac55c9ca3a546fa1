"""Tries the configuration of one channel for real, account by account, then its public address."""

from collections.abc import Callable, Iterator, Sequence

from webhook_gateway.channels.channel import Answer, Call, Channel
from webhook_gateway.checks import public_address
from webhook_gateway.checks.finding import Finding, Stuck, mend
from webhook_gateway.checks.probing import Checks, Probe, Probing

_SIGNS = {"right": "ok  ", "mend": "MEND", "note": "note"}


def run(
    channel: Channel,
    checks: Checks,
    accounts: Sequence[str],
    send: Callable[[Call], Answer],
    say: Callable[[str], None],
    register: bool = False,
) -> int:
    """Say what is found while it is found; the number of findings to mend."""
    probings = [Probing(channel, channel.accounts[account], send) for account in accounts]
    found = 0
    for heading, findings in _sections(probings, checks, register):
        say(heading)
        for finding in findings:
            say(f"  {_SIGNS[finding.verdict]}  {finding.text}")
            found += finding.verdict == "mend"
    say(f"To mend: {found}." if found else "All is well.")
    return found


def _sections(probings: Sequence[Probing], checks: Checks, register: bool) -> Iterator[tuple[str, Iterator[Finding]]]:
    title = probings[0].channel.title
    for probing in probings:
        probes = [*([checks.register] if register and checks.register else []), *checks.probes]
        if probes:
            yield f"{title}, account {probing.account.id}", _guarded(probes, probing)
    yield f"{title}, as the platform reaches this gateway", public_address.probe(probings, checks)


def _guarded(probes: Sequence[Probe], probing: Probing) -> Iterator[Finding]:
    """Where the platform cannot be asked, nothing more is."""
    try:
        for probe in probes:
            yield from probe(probing)
    except Stuck as stuck:
        yield mend(str(stuck))
