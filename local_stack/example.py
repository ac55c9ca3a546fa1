"""An example conversation, so that there is something to look at: the same on every start, and never twice."""

import time
import uuid
from contextlib import closing
from dataclasses import dataclass

import grpc

from chassis.channel import Peer
from local_stack.errors import StackError
from protos import conversation_pb2, conversation_pb2_grpc

QUESTIONS = ("How long do I have to return shoes?", "How much is shipping?")
CONVERSATION = str(uuid.uuid5(uuid.NAMESPACE_URL, "spur:example"))
CHANNEL, ACCOUNT, THREAD = "web", "default", "example"
SERVICE = "spur.conversation.v1.ConversationService"
# Safe to repeat, so the channel may.
KEYED = (f"{SERVICE}/Receive", f"{SERVICE}/ListMessages")
ANSWERED_WITHIN = 20.0
CALL_WITHIN = 10.0


@dataclass(frozen=True)
class Example:
    """The first question, and its answer where there is one yet."""

    question: str
    answer: str | None


def seed(peer: Peer) -> Example:
    """Asks the questions, each once the one before is answered; what an earlier start asked has no effect any more.

    The answers may take longer than we care to wait: then the example is merely not complete yet.
    """
    deadline = time.monotonic() + ANSWERED_WITHIN
    with closing(peer.connect()) as channel:
        stub = conversation_pb2_grpc.ConversationServiceStub(channel)
        try:
            answers = [_ask(stub, peer, number, deadline) for number in range(len(QUESTIONS))]
        except grpc.RpcError as error:
            raise StackError(
                f"The example conversation was refused: {error.details()} ({error.code().name})."
            ) from None
    return Example(QUESTIONS[0], answers[0])


def _ask(stub: conversation_pb2_grpc.ConversationServiceStub, peer: Peer, number: int, deadline: float) -> str | None:
    request = conversation_pb2.ReceiveRequest(events=[_event(number)])
    (receipt,) = stub.Receive(request, metadata=peer.metadata(), timeout=CALL_WITHIN).receipts
    listing = conversation_pb2.ListMessagesRequest(
        conversation_id=receipt.conversation_id, channel=CHANNEL, account=ACCOUNT
    )
    while True:
        page = stub.ListMessages(listing, metadata=peer.metadata(), timeout=CALL_WITHIN)
        for message in page.messages:
            if message.author == conversation_pb2.AUTHOR_ASSISTANT and message.turn_no == receipt.turn_no:
                return str(message.text)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.1)


def _event(number: int) -> conversation_pb2.Event:
    event = conversation_pb2.Event(
        channel=CHANNEL,
        account=ACCOUNT,
        event_key=f"{THREAD}:{number}",
        thread_key=THREAD,
        surface=conversation_pb2.SURFACE_LIVE,
        conversation_id=CONVERSATION,
        sender=conversation_pb2.Sender(external_id=THREAD, display_name="Example"),
        message=conversation_pb2.MessageContent(text=QUESTIONS[number]),
    )
    event.received_at.GetCurrentTime()
    return event
