"""Which kind of event has which effect. Kinds that are not named here are kept, and bring nothing about."""

from conversation_service.effects import (
    alias_changes,
    deletions,
    echoes,
    edits,
    preferences,
    read_marks,
    statuses,
    words,
)
from conversation_service.effects.occurrence import Effect
from conversation_service.events import Entry

EFFECTS: dict[str, Effect] = {
    "alias_change": alias_changes.apply,
    "deletion": deletions.apply,
    "echo": echoes.apply,
    "edit": edits.apply,
    "preference": preferences.apply,
    "read_mark": read_marks.apply,
    "status": statuses.apply,
}


def effect_of(entry: Entry) -> Effect | None:
    """What an event brings about beyond being recorded."""
    if entry.is_message:
        return words.apply if words.is_meant(entry) else None
    return EFFECTS.get(entry.kind)
