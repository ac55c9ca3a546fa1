"""What Instagram needs of a professional account, by its own login or by the page that is linked to it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webhook_gateway.checks import graph, pages
from webhook_gateway.checks.probing import Probing, host_of

PRODUCT = graph.Product(
    page="App dashboard → Instagram → API setup with Instagram login → Configure webhooks",
    object_name="instagram",
    permissions=("instagram_business_basic", "instagram_business_manage_messages"),
    needed=("messages", "messaging_postbacks"),
    wanted=("messaging_seen", "message_reactions", "message_edit", "messaging_referral"),
    new_token="make a new one at App dashboard → Instagram → API setup → Generate token.",  # noqa: S106
    secret_place="App dashboard → Instagram → Instagram app secret, or App settings → Basic",  # noqa: S106
    account="Instagram account",
    account_fields="id,user_id,username",
)
# By a token of Facebook Login, which speaks for the page.
LINKED = replace(
    PRODUCT,
    page="App dashboard → Messenger → Instagram settings → Webhooks",
    permissions=("instagram_basic", "instagram_manage_messages", "pages_manage_metadata"),
    account="page",
    account_fields="id,name,instagram_business_account{id,username}",
)


def _choose(probing: Probing) -> graph.Product:
    return LINKED if host_of(probing.account.graph_api_base_url) == "graph.facebook.com" else PRODUCT


def _own(me: Mapping[str, Any]) -> tuple[object, object]:
    """Of the account itself `user_id`, because `id` is the app's name for it; of a page the account linked to it."""
    linked = me.get("instagram_business_account")
    if isinstance(linked, dict):
        return linked.get("id"), linked.get("username")
    return me.get("user_id") or me.get("id"), me.get("username") or me.get("name")


CHECKS = pages.checks(_choose, _own, PRODUCT.object_name)
