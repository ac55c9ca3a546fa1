"""Which kind of event has which effect. Kinds that are not named here are kept, and bring nothing about."""

from conversation_service.effects import deletions, echoes, edits, read_marks, statuses
from conversation_service.effects.occurrence import Effect

EFFECTS: dict[str, Effect] = {
    "deletion": deletions.apply,
    "echo": echoes.apply,
    "edit": edits.apply,
    "read_mark": read_marks.apply,
    "status": statuses.apply,
}
