"""What Messenger needs of a page, and where Meta's dashboard shows it."""

from webhook_gateway.checks import graph, pages

_PAGE = "App dashboard → Messenger → Messenger API settings"

PRODUCT = graph.Product(
    page=_PAGE,
    object_name="page",
    permissions=("pages_messaging", "pages_manage_metadata"),
    needed=("messages", "messaging_postbacks", "message_echoes"),
    wanted=("message_deliveries", "message_reads", "message_reactions", "message_edits", "messaging_referrals"),
    new_token=f"make a new one at {_PAGE} → Generate.",
    account="page",
    account_fields="id,name",
)

CHECKS = pages.checks(lambda _: PRODUCT, lambda me: (me.get("id"), me.get("name")), PRODUCT.object_name)
