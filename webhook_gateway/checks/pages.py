"""What is tried of pages and Instagram accounts: whom the token speaks for, and what that account delivers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook_gateway.checks import graph, meta_app
from webhook_gateway.checks.finding import Finding, mend, right
from webhook_gateway.checks.probing import Checks, Probing

# From the answer about `me` the id of the account that webhooks will name, and its name.
Own = Callable[[Mapping[str, Any]], tuple[object, object]]
# The product that the account belongs to, which may depend on its settings.
Choose = Callable[[Probing], graph.Product]


def account(product: graph.Product, own: Own, probing: Probing) -> Iterator[Finding]:
    """Whether the token speaks for the account that is configured."""
    token, variable = probing.variable("access_token"), probing.variable(probing.account.id_field)
    answer = probing.ask(graph.get(probing, "me", fields=product.account_fields))
    found = graph.fields_of(answer)
    if found is None:
        missing = f"{token} is none for this API, or lacks a permission: {product.new_token}"
        yield graph.trouble(probing, product, answer, missing)
        return
    identity, name = own(found)
    if str(identity) != probing.account.id:
        belongs = f"{probing.shown(name)} ({probing.shown(identity)})"
        yield mend(f"{token} is that of {belongs}, not of {variable}: correct one of the two.")
    else:
        yield right(f"{token} is that of {probing.shown(name)}, as {variable} says.")


def subscription(product: graph.Product, probing: Probing) -> Iterator[Finding]:
    """Whether the account itself delivers to the app, beside what the app has subscribed to."""
    answer = probing.ask(graph.get(probing, "me/subscribed_apps"))
    found = graph.fields_of(answer)
    if found is None:
        yield graph.trouble(probing, product, answer, f"{probing.channel.title} does not say what is subscribed")
        return
    listed = found.get("data")
    apps = [app for app in listed if isinstance(app, dict)] if isinstance(listed, list) else []
    own = [app for app in apps if str(app.get("id")) in probing.account.app_ids] or apps
    names = own[0].get("subscribed_fields") if own else None
    who = f"The {product.account}"
    if not own:
        yield mend(f"{who} delivers to no app: subscribe it at {product.page}.")
    else:
        fields = [str(name) for name in names] if isinstance(names, list) else []
        yield from graph.subscribed(product, fields, f"at {product.page}", who)


def checks(choose: Choose, own: Own, object_name: str) -> Checks:
    """All of them, for one channel."""
    return Checks(
        probes=(
            lambda probing: graph.secret_form(choose(probing), probing),
            lambda probing: account(choose(probing), own, probing),
            lambda probing: meta_app.token_and_app(choose(probing), probing),
            lambda probing: subscription(choose(probing), probing),
        ),
        secret_field="app_secret",  # noqa: S106 - names a setting
        empty_webhook=lambda probing, key: graph.empty_webhook(object_name, probing, key),
        verify_field="verify_token",
    )
