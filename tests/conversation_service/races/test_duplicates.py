"""Exactly once in the store: one event at several processes at once, and one key that means several things."""

import asyncio
from pathlib import Path

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import new_conversation, running_replicas, web_message
from tests.conversation_service.races.gates import FIRST_OF_KEY, gate
from tests.conversation_service.races.processes import running_processes
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

RECORDED, DUPLICATE = pb.Receipt.OUTCOME_RECORDED, pb.Receipt.OUTCOME_DUPLICATE
CONFLICT = pb.Receipt.OUTCOME_CONFLICT


def test_one_event_at_two_processes_at_once_has_one_effect_and_both_get_its_receipt(
    database_url: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_processes(database_url, tmp_path / "log") as (one, other):
            for _ in range(repetitions()):
                event = web_message(new_conversation(), "hello")
                # Neither statement sees the other's row when it begins: both wait for a third one that is undone.
                async with gate(one, FIRST_OF_KEY, event.channel, event.account, event.event_key) as held:
                    calls = asyncio.gather(one.receive(event), other.receive(event))
                    await held.holds(2)
                receipts = [receipt for (receipt,) in await calls]
                assert sorted(receipt.outcome for receipt in receipts) == [RECORDED, DUPLICATE]
                for receipt in receipts:
                    receipt.outcome = RECORDED
                assert receipts[0] == receipts[1]
                assert (receipts[0].conversation_id, receipts[0].seq) == (event.thread_key, 1)
            await at_rest(one)
            assert one.query("SELECT count(*) FROM inbound_events") == [(repetitions(),)]
            assert one.query("SELECT count(*) FROM messages WHERE author = 'customer'") == [(repetitions(),)]

    asyncio.run(scenario())


def test_one_key_with_twenty_texts_at_once_is_one_message_and_nineteen_conflicts(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 2) as replicas:
            for _ in range(repetitions()):
                conversation = new_conversation()
                texts = [web_message(conversation, f"text {n}", key="the same") for n in range(20)]
                calls = (replicas[n % 2].receive(event) for n, event in enumerate(texts))
                receipts = [receipt for (receipt,) in await asyncio.gather(*calls)]
                outcomes = [receipt.outcome for receipt in receipts]
                assert (outcomes.count(RECORDED), outcomes.count(CONFLICT)) == (1, 19)
                stored = replicas[0].query(
                    "SELECT text, seq FROM messages WHERE conversation_id = %s AND author = 'customer'", conversation
                )
                assert stored == [(f"text {outcomes.index(RECORDED)}", 1)]
                # What had no effect says nothing about where it would have been.
                assert {(r.message_id, r.seq, r.turn_no) for r in receipts if r.outcome == CONFLICT} == {("", 0, 0)}
                kept = "SELECT count(*) FROM event_conflicts WHERE event_key = %s"
                assert replicas[0].query(kept, texts[0].event_key) == [(19,)]
            await at_rest(replicas[0])

    asyncio.run(scenario())
