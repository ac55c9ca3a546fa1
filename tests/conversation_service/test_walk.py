"""A question in, an answer out, over real gRPC and a real Postgres."""

import asyncio

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import new_conversation, running_service, web_message


def test_a_message_is_recorded_and_answered(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            (receipt,) = await service.receive(web_message(conversation, "Do you ship to Spain?"))
            assert receipt.outcome == pb.Receipt.OUTCOME_RECORDED
            assert (receipt.conversation_id, receipt.seq, receipt.rev, receipt.turn_no) == (conversation, 1, 1, 1)
            (reply,) = await service.replies(conversation)
            assert reply.text == "You asked: Do you ship to Spain?"
            assert (reply.seq, reply.turn_no, reply.meta.provider, reply.meta.model) == (2, 1, "openai", "scripted")

    asyncio.run(scenario())
