"""What a message of Telegram holds: the parts of an update that differ between texts, pictures and places."""

from collections.abc import Callable
from typing import Any

from simulator.customers import Customer
from simulator.platforms.platform import Doing, Json, utf16_units


def user(customer: Customer) -> Json:
    user = {"id": int(customer.id), "is_bot": False, "first_name": customer.name or "Somebody"}
    return {**user, **({"username": customer.username} if customer.username else {}), "language_code": "en"}


def chat(customer: Customer) -> Json:
    named = {"username": customer.username} if customer.username else {}
    return {"id": int(customer.id), "first_name": customer.name or "Somebody", **named, "type": "private"}


def head(doing: Doing, message_id: str) -> Json:
    customer = doing.customer
    return {
        "message_id": int(message_id),
        "from": user(customer),
        "chat": chat(customer),
        "date": doing.seconds,
    }


def _file(doing: Doing) -> Json:
    file = doing.media.take(doing.act.media_id, doing.act.kind, doing.act.mime_type)
    return {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": len(file.data)}


def _captioned(doing: Doing, content: Json) -> Json:
    return content | ({"caption": doing.act.text} if doing.act.text else {})


def _photo(doing: Doing) -> Json:
    """Several sizes of one picture, the largest last."""
    file = _file(doing)
    small = {**file, "file_id": f"{file['file_id']}s", "file_unique_id": f"{file['file_unique_id']}s"}
    sizes = [{**small, "file_size": 900, "width": 90, "height": 67}, {**file, "width": 1280, "height": 960}]
    return _captioned(doing, {"photo": sizes})


def _audio(doing: Doing) -> Json:
    return _captioned(doing, {"voice": {"duration": 3, "mime_type": "audio/ogg", **_file(doing)}})


def _video(doing: Doing) -> Json:
    video = {"duration": 3, "width": 640, "height": 480, "mime_type": "video/mp4", **_file(doing)}
    return _captioned(doing, {"video": video})


def _document(doing: Doing) -> Json:
    named = {"file_name": doing.act.filename, "mime_type": doing.act.mime_type or "application/pdf"}
    return _captioned(doing, {"document": named | _file(doing)})


def _sticker(doing: Doing) -> Json:
    looks = {"width": 512, "height": 512, "emoji": "👍", "is_animated": False, "is_video": False, "type": "regular"}
    return {"sticker": looks | _file(doing)}


def _location(doing: Doing) -> Json:
    place: Json = {"latitude": doing.act.latitude, "longitude": doing.act.longitude}
    if not doing.act.name:
        return {"location": place}
    return {"location": place, "venue": {"location": place, "title": doing.act.name, "address": doing.act.address}}


def _contact(doing: Doing) -> Json:
    return {"contact": {"phone_number": doing.act.phone, "first_name": doing.act.name or "Ada"}}


def _text(doing: Doing) -> Json:
    text: Json = {"text": doing.act.text}
    if doing.act.text.startswith("/"):
        length = utf16_units(doing.act.text.split()[0])
        text["entities"] = [{"offset": 0, "length": length, "type": "bot_command"}]
    return text


CONTENTS: dict[str, Callable[[Doing], dict[str, Any]]] = {
    "text": _text,
    "image": _photo,
    "audio": _audio,
    "video": _video,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contact": _contact,
}
