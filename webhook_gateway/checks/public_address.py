"""Tries the gateway as the platform sees it: over its public address, with right and with wrong proofs."""

import secrets
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from webhook_gateway.channels.channel import Answer, Call
from webhook_gateway.checks.finding import Finding, Stuck, mend, note, right
from webhook_gateway.checks.probing import Checks, Probing, host_of, is_local

_NAME = "PUBLIC_BASE_URL"
_REDIRECTS = {301, 302, 303, 307, 308}


def probe(probings: Sequence[Probing], checks: Checks) -> Iterator[Finding]:
    """All accounts of one channel, which has one address."""
    first = probings[0]
    url = first.channel.public_url
    if not url:
        yield mend(f"{_NAME} is not set: say where the platform reaches this gateway, as https://chat.example.com.")
        return
    yield from _scheme(first)
    try:
        yield from _reach(first)
        for probing in probings:
            if checks.verify_field:
                yield from _handshake(probing, checks.verify_field)
            yield from _proofs(probing, checks)
        yield from _forged(first, checks)
    except Stuck as stuck:
        yield mend(f"{stuck} Is it right, does its name lead to your proxy, and do proxy and gateway run?")


def _scheme(probing: Probing) -> Iterator[Finding]:
    url = probing.channel.public_url
    if is_local(url) and probing.platform_is_local():
        yield note(f"{_NAME} leads to this machine: good for the simulator, out of reach for a platform.")
    elif is_local(url):
        yield mend(f"{_NAME} leads to this machine, where {probing.channel.title} cannot deliver: set the public one.")
    elif not url.startswith("https://"):
        yield mend(f"{_NAME} has to begin with https://: platforms deliver to nothing else.")


def _reach(probing: Probing) -> Iterator[Finding]:
    url = probing.channel.public_url
    answer = _ask(probing, Call("GET", f"{url}/healthz"))
    if answer.status == 200:
        yield right(f"{_NAME}: {host_of(url)} answers.")
        ready = _ask(probing, Call("GET", f"{url}/readyz"))
        if ready.status == 503:
            yield mend("The gateway runs, but its conversation service does not serve: start that, or its Postgres.")
    elif answer.status in {404, 403}:
        yield note(f"{_NAME}: /healthz is answered with {answer.status}; fine where the proxy passes /webhooks/ only.")
    else:
        yield mend(f"{_NAME}: {_ailment(answer.status)}")


def _handshake(probing: Probing, field: str) -> Iterator[Finding]:
    variable = probing.variable(field)
    challenge = secrets.randbelow(9 * 10**9) + 10**9  # digits, so that what comes back can be read as JSON
    answer = _greet(probing, challenge, getattr(probing.account, field).get_secret_value())
    if answer.status == 200 and answer.body == challenge:
        yield right(f"The handshake succeeds with {variable}.")
    elif answer.status == 200:
        yield mend(f"The handshake is answered by something else than the gateway: {_webhooks(probing)}.")
    elif answer.status == 403:
        yield mend(f"The handshake is refused: the gateway that runs has another {variable}; restart it with this one.")
    else:
        yield mend(f"The handshake fails: {_ailment(answer.status)}")
    if _greet(probing, challenge, secrets.token_urlsafe(12)).status == 200:
        yield mend(f"The handshake succeeds with any word, so it is not the gateway's: {_webhooks(probing)}.")


def _greet(probing: Probing, challenge: int, token: str) -> Answer:
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    return _ask(probing, Call("GET", f"{probing.webhook_url}?{urlencode(query)}"))


def _proofs(probing: Probing, checks: Checks) -> Iterator[Finding]:
    """Each of the account's secrets: while one is exchanged for another there are two."""
    if checks.empty_webhook is None:
        return
    variable = probing.variable(checks.secret_field)
    keys = probing.keys(checks.secret_field)
    for number, key in enumerate(keys, 1):
        which = variable if len(keys) == 1 else f"{variable} ({number} of {len(keys)})"
        answer = _ask(probing, checks.empty_webhook(probing, key))
        if answer.status == 200:
            yield right(f"A webhook that is proven with {which} is accepted through {_NAME}.")
        elif answer.status == 403:
            yield mend(
                f"A webhook that is proven with {which} is refused: the gateway that runs has another one, or another "
                f"{_NAME}; or the proxy changes bodies or headers."
            )
        else:
            yield mend(f"A webhook is not accepted: {_ailment(answer.status)}")


def _forged(probing: Probing, checks: Checks) -> Iterator[Finding]:
    key = secrets.token_hex(16).encode()
    call = Call("POST", probing.webhook_url, json={})
    answer = _ask(probing, checks.empty_webhook(probing, key) if checks.empty_webhook else call)
    if answer.status in {401, 403}:
        yield right("A webhook with a wrong proof is refused.")
    elif 200 <= answer.status < 300:
        yield mend(f"A webhook with a wrong proof is accepted, so it is not the gateway's: {_webhooks(probing)}.")
    elif checks.empty_webhook is None:
        yield mend(f"A webhook does not reach the gateway: {_ailment(answer.status)}")


def _webhooks(probing: Probing) -> str:
    return f"let the proxy pass /webhooks/{probing.channel.name} to WEBHOOK_GATEWAY_PORT"


def _ask(probing: Probing, call: Call) -> Answer:
    return probing.ask(call, f"{_NAME} ({host_of(call.url)})")


def _ailment(status: int) -> str:
    """What an HTTP status of the public address means, and what to do."""
    if status in _REDIRECTS:
        return f"it redirects ({status}), which platforms do not follow: set {_NAME} to where that leads."
    if status in {401, 407}:
        return f"it asks for a password ({status}): let /webhooks/ pass without one."
    if status == 404:
        return "it is not found (404): the gateway that runs was started without this channel, or the proxy keeps it."
    if status in {502, 504}:
        return f"the proxy does not reach the gateway ({status}): does it run, and on WEBHOOK_GATEWAY_PORT?"
    if status == 503:
        return "nobody serves (503): does the gateway run, its conversation service, and its Postgres?"
    return f"HTTP {status} in place of 200: look into the proxy's log, and the gateway's."
