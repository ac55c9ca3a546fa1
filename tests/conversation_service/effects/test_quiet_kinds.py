"""What is no message starts no turn, is told to nobody, and is kept as evidence."""

import asyncio

import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message, platform_event
from tests.conversation_service.harness import running_service
from tests.conversation_service.races.rest import at_rest

KINDS = {
    "reaction": pb.Event(reaction=pb.Reaction(target_key="message:a", emoji="👍")),
    "status": pb.Event(status=pb.DeliveryStatus(provider_id="x", state=pb.DeliveryStatus.STATE_READ)),
    "read_mark": pb.Event(read_mark=pb.ReadMark(provider_id="x")),
    "referral": pb.Event(referral=pb.Referral(source="ad", source_id="1")),
    "unsupported": pb.Event(unsupported=pb.Unsupported(kind="hologram")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_no_turn(database_url: str, kind: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            early = platform_event("new", f"{kind}:0", **{kind: getattr(KINDS[kind], kind)})
            event = platform_event("t", f"{kind}:1", **{kind: getattr(KINDS[kind], kind)})
            (alone,) = await service.receive(early)
            (first,) = await service.receive(message("t", "one", "a"))
            await service.replies(first.conversation_id, channel="whatsapp")
            (receipt,) = await service.receive(event)
            assert (alone.outcome, receipt.outcome) == (pb.Receipt.OUTCOME_RECORDED,) * 2
            assert (receipt.seq, receipt.turn_no, receipt.message_id) == (0, 0, "")
            await at_rest(service)
            assert service.query("SELECT count(*) FROM turns") == [(1,)]
            assert service.query("SELECT count(*) FROM inbound_events WHERE raw IS NOT NULL") == [(3,)]

    asyncio.run(scenario())
