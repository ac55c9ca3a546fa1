"""What Telegram's updates mean: messages, edits, pressed buttons, reactions, and being blocked.

https://core.telegram.org/bots/api#update

A repeated update is the same one word by word, so any id in it recognises it. Messages are named by chat and number,
because edits and reactions name them so; all else by the update's id, because two edits may fall into one second.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import LONGEST_WORD, Channel, Entry
from webhook_gateway.channels.telegram_content import Object, content, full_name, message_key, word
from webhook_gateway.reading import Unreadable, aside, clock, mapping, member, members, required, text

Events: TypeAlias = Iterator[pb.Event]
Reader: TypeAlias = Callable[[Channel, Entry, Object], Events]

_CHAT = re.compile("[0-9]{1,20}")  # of a person; groups have negative numbers
# What a link like https://t.me/shop_bot?start=summer makes of the command, of which the customer sees /start only.
_LINKED = re.compile("/start ([A-Za-z0-9_-]{1,64})")
_OPTED_OUT = {"kicked": True, "member": False}
_LONGEST_NAME = 255


def read(channel: Channel, entry: Entry, update: Object) -> Events:
    """The events of an update, which holds one thing beside its id."""
    kind = next((kind for kind in _READERS if update.get(kind) is not None), None)
    if kind is None:
        yield _unsupported(channel, entry, min((key for key in update if key != "update_id"), default=""))
    else:
        yield from _READERS[kind](channel, entry, member(update, kind))


def _unsupported(channel: Channel, entry: Entry, kind: str) -> pb.Event:
    return channel.unsupported(entry, kind, required(entry.item, "update_id"))


def _foreign(chat: Object, user: Object, kind: str) -> str:
    """The word for what no customer said: a bot serves nobody in groups and channels, and answers no other bots."""
    place = text(chat, "type")
    if place != "private":
        return f"{place} {kind}".strip()
    return f"bot {kind}" if user.get("is_bot") is True else ""


def _about(channel: Channel, entry: Entry, chat: Object, user: Object, kind: str, *identity: str) -> pb.Event:
    """An event without content, of the person whose chat it is."""
    thread = required(chat, "id")
    if not _CHAT.fullmatch(thread):
        raise Unreadable("chat.id is no number")
    event = channel.event(entry, kind, *(identity or (required(entry.item, "update_id"),)), thread=thread)
    name = full_name(user or chat)[:_LONGEST_NAME]
    username = aside(user or chat, "username")
    # It can be given up, and taken by somebody else: what they are known by is the id.
    aliases = [
        pb.Alias(kind="user_id", value=thread),
        *([pb.Alias(kind="username", value=username)] if username else []),
    ]
    event.sender.CopyFrom(pb.Sender(external_id=thread, display_name=name, aliases=aliases))
    return event


def _at(event: pb.Event, source: Object, key: str = "date") -> pb.Event:
    if time := clock(source, key):
        event.platform_time.CopyFrom(time)
    return event


def _message(channel: Channel, entry: Entry, message: Object) -> Events:
    chat, user = member(message, "chat"), member(message, "from")
    if foreign := _foreign(chat, user, "message"):
        yield _unsupported(channel, entry, foreign)
        return
    said = content(message)
    if said is None:
        event = _at(_about(channel, entry, chat, user, "unsupported"), message)
        event.unsupported.kind = word(message)[:LONGEST_WORD]
        yield event
        return
    event = _at(_about(channel, entry, chat, user, "message"), message)
    event.event_key = message_key(message)
    if linked := _LINKED.fullmatch(said.text):
        said.text = "/start"
        said.referral.CopyFrom(pb.Referral(source="link", ref=linked[1]))
        # Who presses Start wants to be answered, even after a STOP. The bare command says so by itself.
        consent = _at(_about(channel, entry, chat, user, "preference"), message)
        consent.preference.opted_out = False
        yield consent
    event.message.CopyFrom(said)
    yield event


def _edited(channel: Channel, entry: Entry, message: Object) -> Events:
    chat, user = member(message, "chat"), member(message, "from")
    if foreign := _foreign(chat, user, "edited_message"):
        yield _unsupported(channel, entry, foreign)
        return
    event, said = _at(_about(channel, entry, chat, user, "edit"), message, "edit_date"), content(message)
    if said is None:
        event.unsupported.kind = word(message)[:LONGEST_WORD]
    else:
        event.edit.CopyFrom(pb.Edit(target_key=message_key(message), content=said))
    yield event


def _callback(channel: Channel, entry: Entry, query: Object) -> Events:
    """A pressed button below a message of ours."""
    message, user = member(query, "message"), member(query, "from")
    data = text(query, "data")
    # Of a message that is too old to be shown only the person is known.
    chat = member(message, "chat") or {**user, "type": "private"}
    if not data or query.get("inline_message_id") is not None:  # of a game; of a message by way of another chat
        yield _unsupported(channel, entry, "callback_query")
    elif foreign := _foreign(chat, user, "callback_query"):
        yield _unsupported(channel, entry, foreign)
    else:
        title = _title(message, data)
        event = _about(channel, entry, chat, user, "callback", required(query, "id"))
        event.message.CopyFrom(pb.MessageContent(text=title, choice=pb.Choice(id=data, title=title)))
        yield event


def _title(message: Object, data: str) -> str:
    """What the customer saw on the button; its data where the message does not show it any more."""
    rows = members(member(message, "reply_markup"), "inline_keyboard")
    buttons = [button for row in rows if isinstance(row, list) for button in row if isinstance(button, dict)]
    return next((text(button, "text") for button in buttons if button.get("callback_data") == data), "") or data


def _reaction(channel: Channel, entry: Entry, reaction: Object) -> Events:
    """All that the person has on the message now; none: taken back."""
    chat, user = member(reaction, "chat"), member(reaction, "user")
    if foreign := _foreign(chat, user, "message_reaction"):
        yield _unsupported(channel, entry, foreign)
        return
    event = _at(_about(channel, entry, chat, user, "reaction"), reaction)
    kinds = [mapping(kind, "a reaction") for kind in members(reaction, "new_reaction")]
    emoji = "".join(text(kind, "emoji") for kind in kinds)
    if kinds and not emoji:  # one of Telegram's own pictures, or paid
        event.unsupported.kind = "message_reaction without emoji"
    else:
        event.reaction.CopyFrom(pb.Reaction(target_key=message_key(reaction), emoji=emoji))
    yield event


def _membership(channel: Channel, entry: Entry, change: Object) -> Events:
    """The customer blocked the bot, or let it speak again."""
    chat, user = member(change, "chat"), member(change, "from")
    status = text(member(change, "new_chat_member"), "status")
    if (foreign := _foreign(chat, user, "my_chat_member")) or status not in _OPTED_OUT:
        yield _unsupported(channel, entry, foreign or f"my_chat_member {status}")
        return
    event = _at(_about(channel, entry, chat, user, "preference"), change)
    event.preference.opted_out = _OPTED_OUT[status]
    yield event


_READERS: dict[str, Reader] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _membership,
}
