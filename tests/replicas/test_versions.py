"""A newer neighbour: fields, events and values that this version does not know do no harm."""

import asyncio
import uuid
from contextlib import closing

from google.protobuf.message import Message

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import new_conversation, running_service, web_message
from tests.ports import free_port
from tests.web_gateway.event_streams import follow
from tests.web_gateway.gateways import conversation_of, running, wait_until
from tests.web_gateway.stand_in import Running

_NEW_FIELD = b"\xc2\x3e\x03new"  # number 1000, three bytes


def with_unknown(message: Message) -> None:
    """Give it a field of a newer contract."""
    message.MergeFromString(_NEW_FIELD)


def test_a_conversation_service_understands_a_newer_gateway(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            event = web_message(conversation, "hello")
            with_unknown(event)
            with_unknown(event.message)
            event.message.attachments.add(kind="hologram")
            receipt = (await service.receive(event))[0]
            assert receipt.outcome == pb.Receipt.OUTCOME_RECORDED
            assert (await service.receive(event))[0].outcome == pb.Receipt.OUTCOME_DUPLICATE
            call = service.stub.Follow(metadata=service.peer.metadata())
            unknown = pb.FollowRequest()
            with_unknown(unknown)
            await call.write(unknown)  # a command of a newer contract
            subscribe = pb.Subscribe(subscription_id=1, conversation_id=conversation, channel="web", account="default")
            with_unknown(subscribe)
            await call.write(pb.FollowRequest(subscribe=subscribe))
            async with asyncio.timeout(5):  # the answer may be shown before what it answers
                while "hello" not in [event.message.text for event in (await call.read()).events]:
                    pass
            call.cancel()

    asyncio.run(scenario())


def test_a_gateway_understands_a_newer_conversation_service() -> None:
    strange = pb.FollowEvent()
    with_unknown(strange)  # an event of a newer contract
    fields = {"id": str(uuid.uuid4()), "seq": 1, "rev": 1, "author": 99, "kind": "hologram", "text": "from afar"}
    message = pb.Message(**fields)  # type: ignore[arg-type]  # the author is none of ours
    with_unknown(message)
    with closing(Running(free_port())) as service, running(service.address) as gateway:
        token = gateway.session()
        with follow(gateway, token) as stream:
            wait_until(lambda: conversation_of(token) in service.service.followed())
            for event in (strange, pb.FollowEvent(message=message)):
                service.do(service.service.publish, conversation_of(token), event)
            shown = stream.until("message")
    assert [event.name for event in shown] == ["message"]
    assert (shown[0].data["author"], shown[0].data["text"]) == ("system", "from afar")
