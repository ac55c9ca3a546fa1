"""Instagram's direct messages: the shop's professional accounts, and what its error codes mean.

https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api
"""

from typing import ClassVar

from pydantic import Field

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import Call, Capabilities
from webhook_gateway.channels.meta import ACCOUNT_STOPPED, CONTENT, RECIPIENT, Meanings, throttled
from webhook_gateway.channels.pages import SHARED_MEANINGS, PagesAccount, PagesChannel

# https://developers.facebook.com/documentation/business-messaging/instagram-messaging/error-codes
MEANINGS: Meanings = {
    **SHARED_MEANINGS,
    80002: throttled(60),  # calls of the account
    # This customer does not get this message.
    (100, 2534014): RECIPIENT,  # nobody of that id
    (100, 2534029): RECIPIENT,  # has blocked the account, or cannot receive
    (100, 2534037): RECIPIENT,  # another application owns the thread
    # Nobody gets this message.
    (100, 2534015): CONTENT,
    # A person has to mend the account.
    (10, 2534077): ACCOUNT_STOPPED,  # restricted
    (200, 2534041): ACCOUNT_STOPPED,  # its owner does not allow access to messages
}


class InstagramAccount(PagesAccount):
    """One of the shop's professional accounts."""

    id_field: ClassVar[str] = "account_id"

    account_id: str = Field(pattern="^[0-9]{1,32}$", description="Of the professional account, as webhooks name it.")
    # In place of the other channels' address. Both APIs speak of the token's own account as `me`.
    graph_api_base_url: str = Field(
        "https://graph.instagram.com",
        pattern=r"^https?://[^\s?#@]+[^\s?#@/]$",
        validation_alias="INSTAGRAM_API_BASE_URL",
        description="With a token of Facebook Login (by the linked page): https://graph.facebook.com.",
    )


class Instagram(PagesChannel):
    """One professional account is one account, whether its token is of Instagram Login or of the page linked to it."""

    name = "instagram"
    title = "Instagram"
    object_name = "instagram"
    other_names = ("page",)  # some sources say so of accounts that are linked to a page
    alias_kind = "igsid"
    meanings = MEANINGS
    account_type = InstagramAccount
    capabilities = Capabilities(
        text_limit=1000,
        reply_window_seconds=86_400,
        measure=lambda text: len(text.encode()),  # bytes of UTF-8, not characters
        account_per_minute=6000,
        typing_refresh_ms=15_000,  # it lasts about 20 s
    )

    def compose(self, account: InstagramAccount, delivery: pb.Delivery) -> Call:
        """A text, with nothing that would come back: a lost answer is proven by an echo of our app with the same text.

        Never with the tag HUMAN_AGENT, which would open the window for a week: it is for what a person has written.
        """
        return self.call(account, delivery, {"message": {"text": delivery.text}})

    def send_path(self, account: InstagramAccount) -> str:
        """By the token, because the two APIs name the sender differently: by the account, or by its page."""
        return "me/messages"
