"""What WhatsApp's webhooks say of a customer's acts: the changes of an entry."""

import json
from typing import Any

from simulator.platforms.platform import Doing, Json

# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages


def change(account_id: str, address: str, **value: Any) -> Json:
    metadata = {"display_phone_number": address, "phone_number_id": account_id}
    return {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def contact(doing: Doing) -> Json:
    customer = doing.customer
    profile = {"name": customer.name or customer.id}
    if customer.username:
        profile["username"] = customer.username
    found: Json = {"profile": profile}
    if not customer.hides_number:
        found["wa_id"] = customer.id
    if customer.user_id:
        found["user_id"] = customer.user_id
    return found


def message(doing: Doing, kind: str, content: Any = None, key: str = "") -> Json:
    """One message in its change. `content` is the part that is named after the kind."""
    act, customer = doing.act, doing.customer
    item: Json = {} if customer.hides_number else {"from": customer.id}
    if customer.user_id:
        item["from_user_id"] = customer.user_id
    item |= {"id": doing.id, "timestamp": str(doing.seconds), "type": kind}
    if content is not None:
        item[key or kind] = content
    if act.forwarded:
        item["context"] = {"forwarded" if act.forwarded == "once" else "frequently_forwarded": True}
    elif act.message_id and kind not in {"reaction", "edit", "revoke"}:
        author = doing.target.author if doing.target else "shop"
        item["context"] = {
            "from": customer.id if author == "customer" else doing.account.address,
            "id": act.message_id,
        }
    if act.referral:
        item["referral"] = act.referral
    return change(doing.account.id, doing.account.address, contacts=[contact(doing)], messages=[item])


def text(doing: Doing) -> Json:
    return message(doing, "text", {"body": doing.act.text})


def medium(doing: Doing) -> Json:
    """Image, audio, video, document or sticker."""
    act, kind = doing.act, doing.act.kind
    file = doing.media.take(act.media_id, kind, act.mime_type)
    content: Json = {"mime_type": file.mime_type, "sha256": file.sha256, "id": file.id}
    if kind == "audio":
        content["voice"] = act.voice
    elif kind == "sticker":
        content["animated"] = False
    else:
        content["url"] = f"{doing.url}/media/{file.id}"
        if act.text:
            content["caption"] = act.text
        if kind == "document":
            content["filename"] = act.filename
    return message(doing, kind, content)


def location(doing: Doing) -> Json:
    act = doing.act
    content: Json = {"latitude": act.latitude, "longitude": act.longitude}
    content |= {name: value for name, value in (("name", act.name), ("address", act.address)) if value}
    return message(doing, "location", content)


def card(doing: Doing) -> Json:
    act = doing.act
    first, _, last = (act.name or "Ada Example").partition(" ")
    name = {"first_name": first, "last_name": last, "formatted_name": f"{first} {last}".strip()}
    phone = {"phone": act.phone, "wa_id": act.phone.lstrip("+"), "type": "MOBILE"}
    return message(doing, "contacts", [{"name": name, "phones": [phone]}])


def button(doing: Doing) -> Json:
    reply = {"id": doing.act.payload or doing.act.text, "title": doing.act.text}
    return message(doing, "interactive", {"type": "button_reply", "button_reply": reply})


def row(doing: Doing) -> Json:
    reply = {"id": doing.act.payload or doing.act.text, "title": doing.act.text}
    return message(doing, "interactive", {"type": "list_reply", "list_reply": reply})


def form(doing: Doing) -> Json:
    answers = json.dumps({"flow_token": "unused", **doing.act.answers})
    reply = {"response_json": answers, "body": doing.act.text or "Sent", "name": "flow"}
    return message(doing, "interactive", {"type": "nfm_reply", "nfm_reply": reply})


def order(doing: Doing) -> Json:
    item = {"product_retailer_id": "blue-teapot", "quantity": 1, "item_price": 24.5, "currency": "EUR"}
    content = {"catalog_id": "100200300400901", "text": doing.act.text, "product_items": doing.act.items or [item]}
    return message(doing, "order", content)


def reaction(doing: Doing) -> Json:
    content = {"message_id": doing.act.message_id}
    if doing.act.emoji:
        content["emoji"] = doing.act.emoji
    return message(doing, "reaction", content)


def edit(doing: Doing) -> Json:
    new = {"type": "text", "text": {"body": doing.act.text}}
    return message(doing, "edit", {"original_message_id": doing.act.message_id, "message": new})


def delete(doing: Doing) -> Json:
    return message(doing, "revoke", {"original_message_id": doing.act.message_id})


def unsupported(doing: Doing) -> Json:
    details = {"details": "Message type is currently not supported."}
    title = "Message type unknown"
    error = {"code": 131051, "title": title, "message": title, "error_data": details}
    return message(doing, "unsupported", [error], key="errors")


def _system(doing: Doing, content: Json) -> Json:
    item = {"from": doing.customer.id, "id": doing.id, "timestamp": str(doing.seconds), "type": "system"}
    return change(doing.account.id, doing.account.address, messages=[{**item, "system": content}])


def number_change(doing: Doing) -> Json:
    old, new = doing.customer.id, doing.act.new_id
    name = doing.customer.name or old
    body = f"User {name} changed from {old} to {new}"
    return _system(doing, {"body": body, "wa_id": new, "type": "user_changed_number"})


def id_change(doing: Doing) -> Json:
    body = f"User {doing.customer.name or doing.customer.id} changed their user id"
    return _system(doing, {"body": body, "user_id": doing.act.new_id, "type": "user_changed_user_id"})


def marketing(doing: Doing) -> Json:
    wish = doing.act.text or "stop"
    preference = {
        "wa_id": doing.customer.id,
        "detail": f"User requested to {wish} marketing messages",
        "category": "marketing_messages",
        "value": wish,
        "timestamp": doing.seconds,
    }
    found = change(doing.account.id, doing.account.address, contacts=[contact(doing)], user_preferences=[preference])
    return {**found, "field": "user_preferences"}


ACTS = {
    "text": text,
    **dict.fromkeys(("image", "audio", "video", "document", "sticker"), medium),
    "location": location,
    "contact": card,
    "button": button,
    "list": row,
    "form": form,
    "order": order,
    "reaction": reaction,
    "edit": edit,
    "delete": delete,
    "unsupported": unsupported,
    "number_change": number_change,
    "id_change": id_change,
    "marketing": marketing,
}
