"""`python -m webhook_gateway parked`: replies that may have been lost, for a person to decide on."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import grpc

from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from webhook_gateway.commands import CommandError, Say

_SECONDS = 10.0
_DECISIONS = {"resend": pb.ResolveParkedRequest.DECISION_RESEND, "drop": pb.ResolveParkedRequest.DECISION_DROP}
_DONE = {"resend": "queued, is sent once more", "drop": "dropped, with what follows it in its reply"}
_COLUMNS = (("id", 36), ("created", 20), ("channel", 10), ("account", 18), ("conversation", 36), ("reason", 13))
_TROUBLE = {
    grpc.StatusCode.UNAVAILABLE: "does not answer: does it run, is CONVERSATION_SERVICE_ADDRESS its address?",
    grpc.StatusCode.DEADLINE_EXCEEDED: "did not answer in time; what was asked for may have been done, so look first.",
    grpc.StatusCode.UNAUTHENTICATED: "has another SERVICE_TOKEN than this command.",
}


class Parked:
    """Asks the conversation service, which need not run on this machine."""

    def __init__(self, settings: ServiceSettings, address: str, say: Say) -> None:
        """`address` is the conversation service's."""
        self._peer = Peer(address, Credentials(settings))
        self._stub = ConversationServiceStub(self._peer.connect())
        self._say = say

    def run(self, arguments: argparse.Namespace) -> int:
        """The exit status. Raises CommandError."""
        if arguments.action == "list":
            return self._list(arguments)
        # All are tried: what one of them is does not matter to the others.
        done = [self._resolve(identity, arguments) for identity in dict.fromkeys(arguments.ids)]
        return 0 if all(done) else 1

    def _list(self, arguments: argparse.Namespace) -> int:
        channels = [arguments.channel] if arguments.channel else []
        found: pb.ListParkedResponse = self._call(
            self._stub.ListParked, pb.ListParkedRequest(channels=channels, limit=arguments.limit)
        )
        if found.deliveries and not arguments.json:
            self._say("  ".join(name.upper().ljust(width) for name, width in _COLUMNS).rstrip())
        for delivery in found.deliveries:
            self._show(_fields(delivery, arguments.show), arguments.json)
        if not found.deliveries:
            sys.stderr.write("there is no parked delivery\n")
        elif len(found.deliveries) == arguments.limit:
            sys.stderr.write("there may be more: --limit shows up to 1000\n")
        return 0

    def _show(self, fields: dict[str, str], as_json: bool) -> None:
        if as_json:
            self._say(json.dumps(fields))
            return
        self._say("  ".join(_cut(fields[name], width) for name, width in _COLUMNS).rstrip())
        for line in fields["text"].split("\n") if "text" in fields else ():
            self._say(f"    {_printable(line)}")

    def _resolve(self, identity: str, arguments: argparse.Namespace) -> bool:
        request = pb.ResolveParkedRequest(delivery_id=identity, decision=_DECISIONS[arguments.action])
        try:
            answer: pb.ResolveParkedResponse = self._call(self._stub.ResolveParked, request)
        except _NotFound:
            state, applied, words = "", False, "there is no such delivery; `list` shows those that are parked"
        else:
            state, applied = answer.state, answer.applied
            words = _DONE[arguments.action] if applied else f"is not parked any more, it is {state}: left as it is"
        fields = {"id": identity, "state": state, "applied": applied}
        self._say(json.dumps(fields) if arguments.json else f"{identity}: {words}")
        return applied

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        try:
            return method(request, timeout=_SECONDS, metadata=self._peer.metadata())
        except grpc.RpcError as error:
            code = error.code()
            if code == grpc.StatusCode.NOT_FOUND:
                raise _NotFound from None
            words = _TROUBLE.get(code, f"refused it ({code.name}): see its log.")
            raise CommandError(f"The conversation service {words}") from None


class _NotFound(Exception):
    """There is no delivery of that id."""


def _fields(delivery: pb.ParkedDelivery, with_text: bool) -> dict[str, str]:
    fields = {
        "id": delivery.id,
        "created": f"{delivery.created_at.ToDatetime():%Y-%m-%dT%H:%M:%SZ}",
        "channel": delivery.channel,
        "account": delivery.account,
        "conversation": delivery.conversation_id,
        "reason": delivery.reason,
    }
    return {**fields, "text": delivery.text} if with_text else fields


def _cut(text: str, width: int) -> str:
    shown = _printable(text)
    return (shown if len(shown) <= width else f"{shown[: width - 1]}…").ljust(width)


def _printable(text: str) -> str:
    """Without anything that moves a cursor, colours a line or turns a direction."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
