"""What customers write on Messenger and Instagram, change, take back, react to and press; and what is written to them.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

import structlog

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import LONGEST_WORD, Entry, delivery_of, event_key
from webhook_gateway.channels.meta import MetaChannel
from webhook_gateway.channels.pages_content import Object, content, pressed, word
from webhook_gateway.channels.pages_item import Events, about, is_of_business
from webhook_gateway.reading import Unreadable, member, required, text

_logger = structlog.get_logger()

# For reactions that come without their emoji.
_EMOJI = {
    "love": "❤️",
    "smile": "😆",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
    "like": "👍",
    "yes": "👍",
    "dislike": "👎",
    "no": "👎",
}


def read_message(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """A deletion has the id of the message that it is about."""
    message = member(value, "message")
    mid = required(message, "mid")
    if is_of_business(value, entry.account):
        yield _echo(channel, entry, message, mid)
        return
    if message.get("is_deleted") is True:
        event = about(channel, entry, "deletion", mid)
        event.deletion.target_key = event_key("message", mid)
    elif said := content(message):
        event = about(channel, entry, "message", mid)
        event.message.CopyFrom(said)
    else:
        event = about(channel, entry, "unsupported", mid)
        event.unsupported.kind = word(message)[:LONGEST_WORD]
    yield event


def _echo(channel: MetaChannel, entry: Entry, message: Object, mid: str) -> pb.Event:
    """Somebody wrote for the business: we, another application, or a person."""
    for flag in ("is_deleted", "is_self"):
        if message.get(flag) is True:
            return channel.unsupported(entry, f"echo {flag}")
    account = channel.accounts.get(entry.account)
    app_id, ours = text(message, "app_id"), account.app_ids if account else frozenset()
    origin = pb.Echo.ORIGIN_UNSPECIFIED
    if app_id and ours:
        origin = pb.Echo.ORIGIN_OURS if app_id in ours else pb.Echo.ORIGIN_OTHER
    event = about(channel, entry, "echo", mid)
    event.echo.CopyFrom(
        pb.Echo(
            provider_id=mid,
            delivery_id=delivery_of(text(message, "metadata")),
            app_id=app_id,
            content=_written(message),
            origin=origin,
        )
    )
    return event


def _written(message: Object) -> pb.MessageContent | None:
    """Whatever it was, somebody wrote: an echo counts even where its content cannot be read."""
    try:
        return content(message)
    except Unreadable:
        return None


def read_edit(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """An edit has the id of the message that it is about, and counts."""
    edit = member(value, "message_edit")
    count = text(edit, "num_edit")
    if count == "0":  # comes instead of a message, and without what it says
        _logger.warning(
            "an edit without a message: subscribe the app to the field messages as well",
            channel=channel.name,
            account=entry.account,
        )
        yield channel.unsupported(entry, "message_edit 0")
        return
    mid = required(edit, "mid")
    event = about(channel, entry, "edit", mid)
    event.event_key = event_key("edit", mid, count or event.platform_time.ToMilliseconds())
    event.edit.target_key = event_key("message", mid)
    event.edit.content.text = required(edit, "text")
    yield event


def read_reaction(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    reaction = member(value, "reaction")
    mid, action, name = required(reaction, "mid"), text(reaction, "action"), text(reaction, "reaction")
    event = about(channel, entry, "reaction", mid)
    event.event_key = event_key("reaction", mid, event.thread_key, action, event.platform_time.ToMilliseconds())
    event.reaction.target_key = event_key("message", mid)
    if action == "react":
        event.reaction.emoji = text(reaction, "emoji") or _EMOJI.get(name, name) or "?"  # empty: taken back
    elif action != "unreact":
        event.unsupported.kind = f"reaction {action}"[:LONGEST_WORD]
    yield event


def read_postback(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """Older ones have no id."""
    postback = member(value, "postback")
    said, mid = pressed(postback), text(postback, "mid")
    if said is None:
        raise Unreadable("a postback without title or payload")
    event = about(channel, entry, "message", mid)
    if not mid:
        time = event.platform_time.ToMilliseconds()
        event.event_key = event_key("postback", event.thread_key, time, said.choice.id, said.choice.title)
    event.message.CopyFrom(said)
    yield event
