"""What a message on Messenger or Instagram says: its text, its attachments, and what it answers.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import event_key
from webhook_gateway.reading import aside, besides, dump, mapping, member, members, number, text

Object: TypeAlias = Mapping[str, Any]

_LONGEST_NAME = 255
# The platforms' types of attachments, as the contract has them. What a new one is called is no reason to lose its file.
_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "document",
    "sticker": "sticker",
    **dict.fromkeys(("story_mention", "story", "ig_story"), "story"),
    **dict.fromkeys(
        ("share", "media", "post", "ig_post", "reel", "ig_reel", "fallback", "template", "location"), "share"
    ),
}
_STRUCTURED = {"template", "appointment_booking"}
# Sent by a button of their own, so they are words rather than pictures. The thumb comes in three sizes.
_THUMBS = {"369239263222822", "369239343222814", "369239383222810"}
_THUMB, _HEART = "\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}"
# Where a referral comes from: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals
_SOURCES = {
    "ADS": "ad",
    **dict.fromkeys(("SHORTLINK", "SHORTLINKS", "SHORT-URL", "IGME-SOURCE-LINK"), "link"),
    "MESSENGER_CODE": "qr",
}


def content(message: Object) -> pb.MessageContent | None:
    """None where there is nothing in it that is understood. Raises Unreadable."""
    said = pb.MessageContent(text=text(message, "text"))
    extra: dict[str, Any] = {}
    for attachment in _distinct([mapping(item, "attachment") for item in members(message, "attachments")]):
        _attach(said, extra, attachment)
    if payload := text(member(message, "quick_reply"), "payload"):
        said.choice.CopyFrom(pb.Choice(id=payload, title=said.text))
    quoted, referral = member(message, "reply_to"), besides(message, "referral")
    if story := quoted.get("story"):
        extra["reply_to"] = {"story": story}
    if product := referral.get("product"):
        extra["product"] = product
    if not (said.ByteSize() or extra):
        return None
    if extra:
        said.structured_json = dump(extra)
    # The quoted message may be one that was never stored, such as one from before the account was connected.
    if mid := text(quoted, "mid"):
        said.reply_to_key = event_key("message", mid)
    if referral:
        said.referral.CopyFrom(referred(referral))
    return said


def word(message: Object) -> str:
    """The platform's word for a message that is not understood."""
    attachments = members(message, "attachments")
    first = attachments[0] if attachments else None
    return (text(first, "type") if isinstance(first, dict) else "") or "message"


def pressed(postback: Object) -> pb.MessageContent | None:
    """A button of ours, an icebreaker or an item of the menu; None where it does not say which."""
    title, payload = text(postback, "title"), text(postback, "payload")
    if not (title or payload):
        return None
    said = pb.MessageContent(text=title, choice=pb.Choice(id=payload, title=title))
    if referral := besides(postback, "referral"):
        said.referral.CopyFrom(referred(referral))
    return said


def referred(referral: Object) -> pb.Referral:
    """How the customer came."""
    advertisement = besides(referral, "ads_context_data")
    return pb.Referral(
        source=_SOURCES.get(aside(referral, "source"), ""),
        source_id=aside(referral, "ad_id") or aside(besides(referral, "product"), "id"),
        ref=aside(referral, "ref"),
        headline=aside(advertisement, "ad_title"),
    )


def _distinct(attachments: list[Object]) -> list[Object]:
    """Until September 2026 a sticker comes as an image too. It is sent alone, so any image beside it is the same."""
    if any(attachment.get("type") == "sticker" for attachment in attachments):
        return [attachment for attachment in attachments if attachment.get("type") != "image"]
    return attachments


def _attach(said: pb.MessageContent, extra: dict[str, Any], attachment: Object) -> None:
    kind, payload = text(attachment, "type"), _payload(attachment)
    sticker = text(payload, "sticker_id")
    if sticker in _THUMBS or kind == "like_heart":
        said.text += _THUMB if sticker in _THUMBS else _HEART
        return
    if kind == "location" and (coordinates := member(payload, "coordinates")):
        said.location.CopyFrom(_location(attachment, coordinates))
        return
    if kind in _STRUCTURED:
        extra.setdefault("attachments", []).append(attachment)
    known = "sticker" if sticker else _KINDS.get(kind, "file")
    file = pb.Attachment(
        kind=known,
        media_id=sticker or text(payload, "reel_video_id"),
        url=text(payload, "url") or text(attachment, "url"),
        file_name=_title(attachment, payload)[:_LONGEST_NAME],
    )
    # A picture without an address is still a picture; other things without anything are nothing.
    is_said = file.url or file.file_name or (known not in {"share", "file"})
    if is_said and kind != "unsupported_type":
        said.attachments.append(file)


def _payload(attachment: Object) -> Object:
    """Links come without one, or with something else in its place."""
    payload = attachment.get("payload")
    return payload if isinstance(payload, dict) else {}


def _title(attachment: Object, payload: Object) -> str:
    """Of a link, a reel, or the first product of several."""
    elements = members(member(payload, "product") or payload, "elements")
    first = elements[0] if elements and isinstance(elements[0], dict) else {}
    return aside(attachment, "title") or aside(payload, "title") or aside(first, "title")


def _location(attachment: Object, coordinates: Object) -> pb.Location:
    return pb.Location(
        latitude=number(coordinates, "lat"), longitude=number(coordinates, "long"), name=text(attachment, "title")
    )
