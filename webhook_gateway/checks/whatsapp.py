"""What is tried of a WhatsApp number: the number, its token, its app, and what the business account delivers."""

from collections.abc import Iterator
from functools import partial

from webhook_gateway.checks import graph, meta_app
from webhook_gateway.checks.finding import Finding, mend, note, right
from webhook_gateway.checks.probing import Checks, Probing

_FIELDS = "verified_name,display_phone_number,status,code_verification_status,quality_rating"

PRODUCT = graph.Product(
    page="App dashboard → WhatsApp → Configuration",
    object_name="whatsapp_business_account",
    permissions=("whatsapp_business_messaging", "whatsapp_business_management"),
    needed=("messages",),
    wanted=("smb_message_echoes", "user_id_update", "user_preferences", "account_update"),
    new_token="make a new token of a system user at Business settings → Users → System users → Generate token.",  # noqa: S106
)


def number(probing: Probing) -> Iterator[Finding]:
    """Whether the token opens the number, and whether that is registered."""
    account, variable = probing.account, probing.variable("phone_number_id")
    answer = probing.ask(graph.get(probing, account.phone_number_id, fields=_FIELDS))
    found = graph.fields_of(answer)
    if found is None:
        missing = (
            f"{variable}: there is no such number, or the token may not see it: compare it with App dashboard → "
            "WhatsApp → API setup, and assign the WhatsApp account to the system user."
        )
        yield graph.trouble(probing, PRODUCT, answer, missing)
        return
    name = f"{probing.shown(found.get('verified_name'))}, {probing.shown(found.get('display_phone_number'))}"
    yield right(f"{probing.variable('access_token')} opens the number: {name}.")
    status = found.get("status", "CONNECTED")
    if status != "CONNECTED":
        yield mend(
            f"The number is {probing.shown(status)}, not CONNECTED: register it in WhatsApp Manager → Phone numbers."
        )
    elif found.get("code_verification_status") == "NOT_VERIFIED":
        yield mend("The number is not verified: verify it in WhatsApp Manager → Phone numbers.")
    else:
        yield right("The number is registered.")
    if found.get("quality_rating") == "RED":
        yield note("The number's quality rating is RED: customers block or report it, and Meta may limit it.")


def business_account(probing: Probing) -> Iterator[Finding]:
    """Whether the business account delivers to our app."""
    variable = probing.variable("business_account_id")
    business = probing.account.business_account_id
    if not business:
        yield note(f"{variable} is not set, so that it cannot be seen whether webhooks are subscribed: set it.")
        return
    answer = probing.ask(graph.get(probing, f"{business}/subscribed_apps"))
    found = graph.fields_of(answer)
    if found is None:
        missing = f"{variable}: there is no such WhatsApp account, or the token may not see it"
        yield graph.trouble(probing, PRODUCT, answer, missing)
        return
    apps = found.get("data")
    apps = [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []
    elsewhere = [
        url for app in apps if (url := app.get("override_callback_uri")) not in {None, "", probing.webhook_url}
    ]
    if not apps:
        yield mend(
            f"The WhatsApp account delivers to no app: POST /{business}/subscribed_apps with the token once, or press "
            f"Subscribe at {PRODUCT.page}."
        )
    elif len(elsewhere) == len(apps):
        yield mend(f"The WhatsApp account delivers to {probing.shown(elsewhere[0])} instead: remove that override.")
    else:
        yield right("The WhatsApp account delivers to the app.")


CHECKS = Checks(
    probes=(
        partial(graph.secret_form, PRODUCT),
        number,
        partial(meta_app.token_and_app, PRODUCT),
        business_account,
    ),
    secret_field="app_secret",  # noqa: S106 - names a setting
    empty_webhook=partial(graph.empty_webhook, PRODUCT.object_name),
    verify_field="verify_token",
)
