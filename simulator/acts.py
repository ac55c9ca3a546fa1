"""What a customer, or a person in the shop, does on a phone; the same words for all platforms."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contact",
    "button",  # a button, quick reply or inline key that the shop offered
    "list",  # a row of a list that the shop offered
    "form",
    "order",
    "reaction",  # without an emoji: takes it back
    "edit",
    "delete",
    "story_reply",
    "story_mention",
    "postback",  # an ice breaker, or an entry of the menu
    "referral",  # came over a link or an advertisement
    "optin",
    "unsupported",
    "number_change",
    "id_change",  # WhatsApp's business-scoped user id
    "marketing",  # wants no marketing any more (text "stop"), or again ("resume")
    "block",
    "unblock",
]


class Act(BaseModel):
    """One act. Fields that a kind has no use for do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "text"
    text: str = Field(default="", description="The text, the caption, or the title of what was pressed.")
    payload: str = Field(default="", description="The id of the button or row.")
    message_id: str = Field(default="", description="What is answered, pressed, reacted to, edited or deleted.")
    emoji: str = ""
    media_id: str = Field(default="", description="A file of POST /control/media; empty: a sample.")
    mime_type: str = ""
    filename: str = "receipt.pdf"
    voice: bool = False
    latitude: float = 52.516275
    longitude: float = 13.377704
    name: str = Field(default="", description="Of a place or of a contact.")
    address: str = ""
    phone: str = "+12025550177"
    forwarded: Literal["", "once", "often"] = ""
    referral: dict[str, Any] | None = Field(
        default=None, description="The platform's own referral, to ride on a message."
    )
    items: list[dict[str, Any]] = Field(default_factory=list, description="Of an order, in WhatsApp's words.")
    answers: dict[str, Any] = Field(default_factory=dict, description="Of a form.")
    new_id: str = Field(default="", description="The new number or id.")
    id: str = Field(default="", description="The platform's id of the act; empty: a new one.")
    ago_seconds: float = Field(default=0, ge=0, description="How long ago it happened, by the platform's clock.")
