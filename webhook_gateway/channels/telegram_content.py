"""What a Telegram message says, by the field that it has.

https://core.telegram.org/bots/api#message
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import event_key
from webhook_gateway.reading import Unreadable, aside, dump, mapping, member, members, number, required, text

Object: TypeAlias = Mapping[str, Any]

# What a message may have beside what it says, for the word about one that is not understood.
_AROUND = {
    "message_id", "message_thread_id", "is_topic_message", "from", "chat", "date", "edit_date", "caption", "entities",
    "caption_entities", "reply_to_message", "quote", "external_reply", "forward_origin", "forward_date", "forward_from",
    "media_group_id", "reply_markup", "via_bot", "has_protected_content", "has_media_spoiler", "link_preview_options",
    "show_caption_above_media", "effect_id", "is_from_offline", "author_signature", "sender_chat",
}  # fmt: skip
_LONGEST_FILE = 2**63 - 1


def content(message: Object) -> pb.MessageContent | None:
    """None where it has no field that is understood. Raises Unreadable."""
    kind = next((kind for kind in _FIELDS if message.get(kind) is not None), None)
    if kind is None:
        return None
    said = _FIELDS[kind](message, kind)
    said.text = said.text or text(message, "caption")
    replied = member(message, "reply_to_message")
    if replied:
        said.reply_to_key = message_key({"chat": message.get("chat"), **replied})
    # The part of the other message that is meant; that one may be of a chat that we never see.
    if quote := text(member(message, "quote"), "text"):
        said.structured_json = said.structured_json or dump({"quote": quote})
    said.forwarded = any(message.get(origin) is not None for origin in ("forward_origin", "forward_date"))
    return said


def message_key(message: Object) -> str:
    """The key of a message's event: as edits, reactions and replies name it, and so not by its update's id."""
    return event_key("message", required(member(message, "chat"), "id"), required(message, "message_id"))


def word(message: Object) -> str:
    """Telegram's word for what is not understood: pinned_message, paid_media and the like."""
    return min((key for key in message if key not in _AROUND), default="empty")


def _text(message: Object, kind: str) -> pb.MessageContent:
    return pb.MessageContent(text=required(message, kind))


def _photo(message: Object, kind: str) -> pb.MessageContent:
    """It comes in several sizes; the largest counts, wherever it stands."""
    sizes = [mapping(size, "a size of the photo") for size in members(message, kind)]
    if not sizes:
        raise Unreadable("photo without a size")
    largest = max(sizes, key=lambda size: (_natural(size, "width") * _natural(size, "height"), _size(size)))
    return pb.MessageContent(attachments=[_file(largest, "image", "image/jpeg")])


def _medium(message: Object, kind: str) -> pb.MessageContent:
    shown = {"video_note": "video", "animation": "video"}.get(kind, kind)
    return pb.MessageContent(attachments=[_file(member(message, kind), shown)])


def _sticker(message: Object, kind: str) -> pb.MessageContent:
    """It stands for an emoji, which is what can be answered."""
    sticker = member(message, kind)
    moving = "application/x-tgsticker" if sticker.get("is_animated") is True else "image/webp"
    mime_type = "video/webm" if sticker.get("is_video") is True else moving
    return pb.MessageContent(text=text(sticker, "emoji"), attachments=[_file(sticker, "sticker", mime_type)])


def _file(file: Object, kind: str, mime_type: str = "") -> pb.Attachment:
    """By its id only: the address of a file holds the bot's token."""
    return pb.Attachment(
        kind=kind,
        media_id=required(file, "file_id"),
        mime_type=mime_type or aside(file, "mime_type").partition(";")[0].strip().lower(),
        file_name=aside(file, "file_name"),
        size=_size(file),
    )


def _size(file: Object) -> int:
    return min(_natural(file, "file_size"), _LONGEST_FILE)


def _natural(parent: Object, key: str) -> int:
    """A count; 0 where there is none, or nonsense: nothing that a customer sent is lost for that."""
    value = parent.get(key)
    return int(value) if isinstance(value, int) and value > 0 else 0


def _venue(message: Object, kind: str) -> pb.MessageContent:
    """The location stands beside it once more, for applications that know no venues."""
    venue = member(message, kind)
    place = _place(member(venue, "location"))
    place.name, place.address = text(venue, "title"), text(venue, "address")
    return pb.MessageContent(location=place)


def _location(message: Object, kind: str) -> pb.MessageContent:
    return pb.MessageContent(location=_place(member(message, kind)))


def _place(location: Object) -> pb.Location:
    return pb.Location(latitude=number(location, "latitude"), longitude=number(location, "longitude"))


def _contact(message: Object, kind: str) -> pb.MessageContent:
    contact = member(message, kind)
    card = pb.ContactCard(name=full_name(contact), phones=filter(None, (text(contact, "phone_number"),)))
    if not (card.name or card.phones):
        raise Unreadable("contact without name and number")
    return pb.MessageContent(contacts=[card])


def _structured(message: Object, kind: str) -> pb.MessageContent:
    """A poll with its question, a dice with its emoji, what a form returned with its button."""
    value = member(message, kind)
    title = next(filter(None, (text(value, key) for key in ("question", "emoji", "button_text"))), "")
    return pb.MessageContent(text=title, structured_json=dump({kind: value}))


def full_name(person: Object) -> str:
    """Of a user, a chat or a contact, as they call themselves."""
    return " ".join(filter(None, (aside(person, "first_name"), aside(person, "last_name"))))


# The first one that a message has is what it says: a venue has a location beside it, an animation a document.
_FIELDS: dict[str, Callable[[Object, str], pb.MessageContent]] = {
    "text": _text,
    "photo": _photo,
    "venue": _venue,
    "location": _location,
    **dict.fromkeys(("animation", "video", "video_note", "voice", "audio", "document"), _medium),
    "sticker": _sticker,
    "contact": _contact,
    **dict.fromkeys(("poll", "dice", "web_app_data"), _structured),
}
