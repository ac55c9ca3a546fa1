"""What takes a message's place where an edit or a deletion comes first: its key, so that it is recorded only once.

Both are recorded beside the event itself, with the same statement and only where the key is not known yet. So it is the
key, which is unique, that decides which came first, also between two transactions that do not see each other.
"""

from dataclasses import replace

from conversation_service.events import Entry, Poisonous, clean, read
from protos import conversation_pb2 as pb

# The meaning of what stands in for a message: the message itself, whatever it says, is a duplicate of it.
ANY_MEANING = b""


def stand_in(event: pb.Event, entry: Entry) -> Entry | None:
    """What is recorded in place of the message that `event` is about, if that has not come yet."""
    if entry.kind == "deletion" and event.deletion.target_key:
        return _gone(event, entry)
    if entry.kind == "edit" and event.edit.target_key:
        return edited(event)
    return None


def _gone(event: pb.Event, entry: Entry) -> Entry:
    channel, account, _key = entry.key
    key = channel, account, clean(event.deletion.target_key)
    return replace(entry, key=key, kind="deleted", meaning=ANY_MEANING, raw=None)


def edited(event: pb.Event) -> Entry | None:
    """The message as it was edited: it is what the customer wants to be answered. None where it says nothing."""
    message = pb.Event()
    message.CopyFrom(event)
    message.event_key = event.edit.target_key
    message.raw = b""
    message.message.CopyFrom(event.edit.content)
    try:
        return replace(read(message), meaning=ANY_MEANING)
    except Poisonous:
        return None
