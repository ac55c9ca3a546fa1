"""What Twilio's forms mean: messages of customers, and what became of ours.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

import re
from collections.abc import Container, Iterator, Mapping
from typing import TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import LONGEST_WORD, Channel, Entry, event_key
from webhook_gateway.channels.twilio_errors import status_reason
from webhook_gateway.reading import number, required

Form: TypeAlias = Mapping[str, str]

_WHATSAPP = "whatsapp:"
_WHATSAPP_WINDOW_SECONDS = 86_400
_PHONE = re.compile(r"\+?[0-9]+")
_RECEIVED = {"", "received", "receiving"}
_STATES = {
    # The first of these that comes says that Twilio took it.
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), pb.DeliveryStatus.STATE_SENT),
    "delivered": pb.DeliveryStatus.STATE_DELIVERED,
    "read": pb.DeliveryStatus.STATE_READ,
    **dict.fromkeys(("undelivered", "failed", "canceled"), pb.DeliveryStatus.STATE_FAILED),
}
# Of messaging services that look after such words themselves, in the languages that the shop chose there.
_OPT_OUTS = {"STOP": True, "START": False}
_KINDS = {"image": "image", "audio": "audio", "video": "video"}
_MOST_MEDIA = 100  # Twilio sends ten at most
_LONGEST_NAME = 255
_LONGEST_ERROR = 500


def account_of(form: Form, ours: Container[str]) -> str:
    """The sender of ours that a form is about: by its own address, else by the messaging service that it is part of."""
    own = form.get("From" if _is_status(form) else "To", "")
    service = form.get("MessagingServiceSid", "")
    return next((name for name in (own, service) if name in ours), own or service)


def read(channel: Channel, entry: Entry) -> Iterator[pb.Event]:
    """The events of a form, whose item is the form, and the delivery in the address that it was sent to."""
    form, delivery = entry.item
    yield from _status(channel, entry, form, delivery) if _is_status(form) else _received(channel, entry, form)


def _is_status(form: Form) -> bool:
    return form.get("MessageStatus", "") not in _RECEIVED


def _about(channel: Channel, entry: Entry, form: Form, key: str, kind: str, *identity: str) -> pb.Event:
    """An event without content, of the customer whom the form names as `key`."""
    address = required(form, key)
    event = channel.event(entry, kind, *identity, thread=address)
    if address.startswith(_WHATSAPP):
        event.reply_window_seconds = _WHATSAPP_WINDOW_SECONDS
    event.sender.CopyFrom(pb.Sender(external_id=address, aliases=_names(form, address)))
    if key == "From":  # else the rest of the form is about us
        event.sender.display_name = form.get("ProfileName", "")[:_LONGEST_NAME]
    return event


def _names(form: Form, address: str) -> list[pb.Alias]:
    """All as addresses that can be written to: one person by SMS and by WhatsApp is two customers of a service.

    A customer of WhatsApp may hide the number; then their address is an id of the business's scope.
    """
    named = [address]
    if address.startswith(_WHATSAPP):
        number, scoped = form.get("WaId", "").removeprefix("+"), form.get("ExternalUserId", "").removeprefix(_WHATSAPP)
        named += [f"{_WHATSAPP}{name}" for name in (number and f"+{number}", scoped) if name]
    return [pb.Alias(kind=_kind(name), value=name) for name in dict.fromkeys(named)]


def _kind(address: str) -> str:
    channel, _, name = address.rpartition(":")
    return "phone" if _PHONE.fullmatch(name) else "bsuid" if channel == "whatsapp" else "address"


def _received(channel: Channel, entry: Entry, form: Form) -> Iterator[pb.Event]:
    sid = required(form, "MessageSid")
    if (word := form.get("OptOutType", "").upper()) in _OPT_OUTS:
        consent = _about(channel, entry, form, "From", "preference", sid)
        consent.preference.opted_out = _OPT_OUTS[word]
        yield consent
    said = _content(form)
    event = _about(channel, entry, form, "From", "message", sid)
    if said.ByteSize():
        event.message.CopyFrom(said)
        _add_context(event.message, form)
    else:
        event.unsupported.kind = (form.get("MessageType") or "empty")[:LONGEST_WORD]
    yield event


def _content(form: Form) -> pb.MessageContent:
    said = pb.MessageContent(text=form.get("Body", ""), attachments=_attachments(form))
    if form.get("Latitude") or form.get("Longitude"):
        said.location.CopyFrom(
            pb.Location(
                latitude=number(form, "Latitude"),
                longitude=number(form, "Longitude"),
                name=form.get("Label", ""),
                address=form.get("Address", ""),
            )
        )
    title = form.get("ButtonText") or form.get("ListTitle") or said.text
    if chosen := form.get("ButtonPayload") or form.get("ListId") or form.get("ButtonText"):
        said.choice.CopyFrom(pb.Choice(id=chosen, title=title))
        said.text = said.text or title
    return said


def _attachments(form: Form) -> Iterator[pb.Attachment]:
    """As many as there are addresses; NumMedia may say anything."""
    for index in range(_MOST_MEDIA):
        if not (url := form.get(f"MediaUrl{index}")):
            return
        mime_type = form.get(f"MediaContentType{index}", "").partition(";")[0].strip().lower()
        kind = _KINDS.get(mime_type.partition("/")[0], "document" if mime_type else "file")
        if form.get("MessageType") == "sticker":
            kind = "sticker"
        yield pb.Attachment(kind=kind, url=url, mime_type=mime_type)


def _add_context(said: pb.MessageContent, form: Form) -> None:
    if replied := form.get("OriginalRepliedMessageSid"):
        said.reply_to_key = event_key("message", replied)
    said.forwarded = any(form.get(key, "").lower() == "true" for key in ("Forwarded", "FrequentlyForwarded"))
    referral = pb.Referral(
        source=form.get("ReferralSourceType", "").lower(),
        source_id=form.get("ReferralSourceId", ""),
        headline=form.get("ReferralHeadline", "") or form.get("ReferralBody", ""),
    )
    if referral.ByteSize():
        said.referral.CopyFrom(referral)


def _status(channel: Channel, entry: Entry, form: Form, delivery: str) -> Iterator[pb.Event]:
    sid, status = required(form, "MessageSid"), required(form, "MessageStatus")
    event = _about(channel, entry, form, "To", "status", sid, status)
    if status not in _STATES:
        event.unsupported.kind = f"status {status}"[:LONGEST_WORD]
        yield event
        return
    code = form.get("ErrorCode", "")[:LONGEST_WORD]
    told = form.get("ErrorMessage") or form.get("ChannelStatusMessage") or ""
    event.status.CopyFrom(
        pb.DeliveryStatus(
            provider_id=sid,
            delivery_id=delivery,
            state=_STATES[status],
            error_code=code,
            error_text=told[:_LONGEST_ERROR],
            reason=status_reason(code),
        )
    )
    yield event
