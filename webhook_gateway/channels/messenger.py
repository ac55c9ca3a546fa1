"""Messenger, by the Messenger Platform: the shop's pages, and what its error codes mean.

https://developers.facebook.com/documentation/business-messaging/messenger-platform
"""

from typing import ClassVar

from pydantic import Field

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import Call, Capabilities
from webhook_gateway.channels.meta import (
    ACCOUNT_STOPPED,
    CONTENT,
    INTERNAL,
    RECIPIENT,
    WINDOW_CLOSED,
    Meanings,
    throttled,
)
from webhook_gateway.channels.pages import SHARED_MEANINGS, PagesAccount, PagesChannel

# https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
MEANINGS: Meanings = {
    **SHARED_MEANINGS,
    1200: INTERNAL,  # temporary failure
    80006: throttled(60),  # calls of the page
    (613, 2018338): ACCOUNT_STOPPED,  # sent so much that it counts as abuse
    # More than 24 hours since the customer's last message.
    (10, 2018065): WINDOW_CLOSED,
    (10, 2018278): WINDOW_CLOSED,
    # This customer does not get this message.
    (10, 2018108): RECIPIENT,  # not available
    (100, 2018001): RECIPIENT,  # nobody of that id
    9000001: RECIPIENT,  # deleted
    # Nobody gets this message.
    (100, 2018008): CONTENT,  # a file of ours cannot be fetched
    (100, 2018047): CONTENT,  # a file of ours cannot be taken
    (100, 2018109): CONTENT,  # too large
    2022: CONTENT,
}


class MessengerAccount(PagesAccount):
    """One of the shop's pages."""

    id_field: ClassVar[str] = "page_id"

    page_id: str = Field(pattern="^[0-9]{1,32}$", description="Of the page, as its settings show it.")


class Messenger(PagesChannel):
    """One page is one account."""

    name = "messenger"
    title = "Messenger"
    object_name = "page"
    alias_kind = "psid"
    meanings = MEANINGS
    account_type = MessengerAccount
    capabilities = Capabilities(
        text_limit=2000,
        reply_window_seconds=86_400,
        account_per_minute=18_000,
        typing_refresh_ms=15_000,  # it lasts about 20 s
    )

    def compose(self, account: MessengerAccount, delivery: pb.Delivery) -> Call:
        """A text. It carries our id, which comes back with its echo: the proof where an answer was lost.

        Never with the tag HUMAN_AGENT, which would open the window for a week: it is for what a person has written.
        """
        message = {"text": delivery.text, "metadata": delivery.id}
        return self.call(account, delivery, {"messaging_type": "RESPONSE", "message": message})
