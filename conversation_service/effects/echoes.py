"""What the business's side wrote, reported by the platform: our own deliveries, or a person's word, which is final."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import Poisonous, clean, read
from conversation_service.outbox import echoes, proofs
from protos import conversation_pb2 as pb

_ORIGINS = {pb.Echo.ORIGIN_OURS: "ours", pb.Echo.ORIGIN_OTHER: "other"}


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Prove the delivery that it repeats; where there is none that can be named, judge who wrote it."""
    told, account = occurrence.event.echo, occurrence.entry.key[:2]
    provider_id = proofs.as_name(told.provider_id)
    delivery = proofs.find(session, account, told.delivery_id, provider_id)
    if delivery is not None:
        proofs.prove(session, delivery, "sent", provider_id)
        return echoes.judge(session, delivery.conversation_id)
    if occurrence.conversation_id is None:
        return ()  # nobody has written to us there: there is nothing to take over
    return echoes.weigh(session, account, occurrence.conversation_id, _echo(occurrence, provider_id))


def _echo(occurrence: Occurrence, provider_id: str) -> echoes.Echo:
    told, entry = occurrence.event.echo, occurrence.entry
    message = pb.Event()
    message.CopyFrom(occurrence.event)
    message.message.CopyFrom(told.content)
    try:
        said = read(message)
        text, content = said.text, said.parsed_content() or None
    except Poisonous:  # of a kind that says nothing, or longer than anything we keep; who wrote it did so all the same
        text, content = clean(told.content.text)[:65_536], None
    origin = _ORIGINS.get(told.origin, "unknown")
    return echoes.Echo(entry.key[2], provider_id, origin, text, content, entry.platform_time)
