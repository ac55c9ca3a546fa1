"""What a WhatsApp message says, by its type.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import event_key
from webhook_gateway.reading import Unreadable, aside, besides, digest, dump, mapping, member, members, number, text

Object: TypeAlias = Mapping[str, Any]


def content(message: Object) -> pb.MessageContent | None:
    """None where its type is none that is understood. Raises Unreadable."""
    read = _TYPES.get(text(message, "type"))
    said = read(message) if read else None
    if said is None:
        return None
    context = member(message, "context")
    # The quoted message may be one that was never stored, such as one from before the account was connected.
    if quoted := text(context, "id"):
        said.reply_to_key = event_key("message", quoted)
    said.forwarded = True in (context.get("forwarded"), context.get("frequently_forwarded"))
    if product := besides(context, "referred_product"):
        said.structured_json = said.structured_json or dump({"referred_product": product})
    if referral := besides(message, "referral"):
        said.referral.CopyFrom(_referral(referral))
    return said


def word(message: Object) -> str:
    """The platform's word for a message that is not understood."""
    kind = text(message, "type")
    inner = message.get(kind)
    return (text(inner, "type") if isinstance(inner, dict) else "") or kind or "untyped"


def _text(message: Object) -> pb.MessageContent:
    body = text(member(message, "text"), "body")
    if not body:
        raise Unreadable("a text without a body")
    return pb.MessageContent(text=body)


def _media(message: Object) -> pb.MessageContent:
    kind = text(message, "type")
    file = member(message, kind)
    attachment = pb.Attachment(
        kind="voice" if file.get("voice") is True else kind,
        media_id=text(file, "id"),
        url=text(file, "url"),
        mime_type=aside(file, "mime_type").partition(";")[0].strip().lower(),
        file_name=aside(file, "filename"),
        sha256=digest(aside(file, "sha256")),
    )
    if not (attachment.media_id or attachment.url):
        raise Unreadable(f"{kind} without an id")
    return pb.MessageContent(text=text(file, "caption"), attachments=[attachment])


def _location(message: Object) -> pb.MessageContent:
    place = member(message, "location")
    location = pb.Location(
        latitude=number(place, "latitude"),
        longitude=number(place, "longitude"),
        name=text(place, "name"),
        address=text(place, "address"),
    )
    return pb.MessageContent(location=location)


def _contacts(message: Object) -> pb.MessageContent:
    cards = [_card(mapping(card, "contact")) for card in members(message, "contacts")]
    if not cards:
        raise Unreadable("contacts without a card")
    return pb.MessageContent(contacts=cards)


def _card(card: Object) -> pb.ContactCard:
    name = member(card, "name")
    phones = [mapping(phone, "phone") for phone in members(card, "phones")]
    emails = [mapping(email, "email") for email in members(card, "emails")]
    return pb.ContactCard(
        name=text(name, "formatted_name")
        or " ".join(filter(None, (text(name, "first_name"), text(name, "last_name")))),
        phones=filter(None, (text(phone, "phone") or text(phone, "wa_id") for phone in phones)),
        emails=filter(None, (text(email, "email") for email in emails)),
    )


def _button(message: Object) -> pb.MessageContent:
    """The quick reply of a template."""
    button = member(message, "button")
    title, payload = text(button, "text"), text(button, "payload")
    if not (title or payload):
        raise Unreadable("a button without text or payload")
    return pb.MessageContent(text=title, choice=pb.Choice(id=payload, title=title))


def _interactive(message: Object) -> pb.MessageContent | None:
    """A call permission asks for no answer; it is left out with what is not understood."""
    interactive = member(message, "interactive")
    kind = text(interactive, "type")
    reply = member(interactive, kind)
    if kind in {"button_reply", "list_reply"}:
        title, chosen = text(reply, "title"), text(reply, "id")
        if not (title or chosen):
            raise Unreadable(f"a {kind} without a title or an id")
        return pb.MessageContent(text=title, choice=pb.Choice(id=chosen, title=title))
    if kind == "nfm_reply":  # a submitted form
        form = text(reply, "response_json") or dump(reply)
        return pb.MessageContent(text=text(reply, "body"), structured_json=form)
    return None


def _order(message: Object) -> pb.MessageContent:
    order = member(message, "order")
    if not order:
        raise Unreadable("an order without content")
    return pb.MessageContent(text=text(order, "text"), structured_json=dump(order))


def _referral(referral: Object) -> pb.Referral:
    """The click's own id (ctwa_clid) is not always there; it stays with the evidence."""
    return pb.Referral(
        source=aside(referral, "source_type"),
        source_id=aside(referral, "source_id"),
        ref=aside(referral, "ref"),
        headline=aside(referral, "headline"),
    )


_TYPES: dict[str, Callable[[Object], pb.MessageContent | None]] = {
    "text": _text,
    **dict.fromkeys(("image", "audio", "voice", "video", "document", "sticker"), _media),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
