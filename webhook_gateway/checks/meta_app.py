"""The app at Meta that a token belongs to: how long the token lives, whether the secret is the app's, its webhook."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from webhook_gateway.checks import graph
from webhook_gateway.checks.finding import Finding, mend, note, right
from webhook_gateway.checks.probing import Probing

_SOON = 7 * 86_400  # seconds before a token expires in which one has to do something


def token_and_app(product: graph.Product, probing: Probing) -> Iterator[Finding]:
    """How long the token lives and what it may do; then the app that it belongs to, the secret and the webhook."""
    shown = probing.account.access_token.get_secret_value()
    answer = probing.ask(graph.get(probing, "debug_token", input_token=shown))
    match graph.fields_of(answer):
        case {"data": {"is_valid": True, **token}}:
            yield from _life(product, probing, token)
            yield from _own_app(probing, str(token.get("app_id", "")))
            yield from _app(product, probing, str(token.get("app_id", "")), str(token.get("application", "")))
        case {"data": {"is_valid": False}}:
            yield mend(f"{probing.variable('access_token')} is not valid: {product.new_token}")
        case _:
            yield note("Meta does not say how long the token lives and which app it belongs to: look at both yourself.")


def _life(product: graph.Product, probing: Probing, token: Mapping[Any, Any]) -> Iterator[Finding]:
    name = probing.variable("access_token")
    ends = [token.get("expires_at"), token.get("data_access_expires_at")]
    end = min((moment for moment in ends if isinstance(moment, int) and moment > 0), default=0)
    day = time.strftime("%Y-%m-%d", time.gmtime(end)) if 0 < end < 1 << 37 else ""
    if not day:
        yield right(f"{name} does not expire.")
    elif end - time.time() < _SOON:
        yield mend(f"{name} expires on {day}: {product.new_token}")
    else:
        yield note(f"{name} expires on {day}, and replies stop then: {product.new_token}")
    granted = token.get("scopes")
    granted = granted if isinstance(granted, list) else []
    lacking = [permission for permission in product.permissions if permission not in granted]
    if lacking:
        yield mend(
            f"{name} lacks {' and '.join(lacking)}: make a new one with all of {', '.join(product.permissions)}."
        )
    else:
        yield right(f"{name} has the permissions that it needs.")


def _own_app(probing: Probing, app_id: str) -> Iterator[Finding]:
    """Channels whose echoes name the app that sent them have to know which one is ours."""
    known = getattr(probing.account, "app_ids", None)
    variable = probing.variable("app_id") if known is not None else ""
    if known is None or not app_id.isdigit() or app_id in known:
        return
    if known:
        yield mend(f"{variable} is not the token's app, {app_id}: our own messages would pass for a person's. Add it.")
    else:
        yield note(f"{variable} is not set: with {app_id} our own messages are told from a person's with certainty.")


def _app(product: graph.Product, probing: Probing, app_id: str, app_name: str) -> Iterator[Finding]:
    """A secret is right where it opens the app; the app then tells its webhooks."""
    variable, app = probing.variable("app_secret"), f"the app {probing.shown(app_name)} ({app_id})"
    if not (app_id.isascii() and app_id.isdigit()):
        yield note(f"Meta does not say which app the token belongs to, so {variable} could not be tried.")
        return
    keys = probing.keys("app_secret")
    path = f"{app_id}/subscriptions"
    answers = [probing.ask(graph.get(probing, path, token=f"{app_id}|{key.decode()}")) for key in keys]
    opened = [found for answer in answers if (found := graph.fields_of(answer))]
    if not opened:
        yield mend(f"{variable} is not the secret of {app}: copy it from {product.secret_place}.")
        return
    yield right(f"{variable} is the secret of {app}.")
    if len(opened) < len(keys):
        yield note(
            f"{variable} holds {len(keys)} secrets, of which {len(opened)} is the app's: remove the old one later."
        )
    yield from _webhook(product, probing, opened[0].get("data"))


def _webhook(product: graph.Product, probing: Probing, subscriptions: Any) -> Iterator[Finding]:
    rows = subscriptions if isinstance(subscriptions, list) else []
    ours = (row for row in rows if isinstance(row, dict) and row.get("object") == product.object_name)
    found = next(ours, None)
    url, where = probing.webhook_url, f"{product.page}: callback URL {probing.webhook_url}"
    if found is None or found.get("active") is False:
        yield mend(f"The app has no active webhook: set it at {where}, with {probing.variable('verify_token')}.")
    elif found.get("callback_url") != url:
        yield mend(f"The app's webhook leads to {probing.shown(found.get('callback_url'))}: correct it at {where}.")
    else:
        yield right(f"The app's webhook is {url}.")
        listed = found.get("fields")
        names = [
            str(field.get("name")) if isinstance(field, dict) else str(field)
            for field in (listed if isinstance(listed, list) else [])
        ]
        yield from graph.subscribed(product, names, f"at {product.page}", "The app")
