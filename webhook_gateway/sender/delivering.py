"""One delivery: cut if it is too long, sent once, its outcome recorded; and the sign that somebody writes."""

import time
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Histogram

from chassis import context
from chassis.faultpoints import faultpoint
from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import Answer, Call, Channel
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.sender.outbox import Outbox, TakenOver, TooManyParts, Unavailable
from webhook_gateway.sender.transport import TOTAL_SECONDS, NotSent, Transport, Unanswered
from webhook_gateway.text.markup import render
from webhook_gateway.text.splitting import split

_logger = structlog.get_logger()
_sends = Counter("sends_total", "Calls of send APIs by what became of them.", ["channel", "outcome", "code"])
_seconds = Histogram(
    "send_duration_seconds",
    "Until the platform answered.",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20),
)

LEASE_SECONDS = 30.0  # of a claim, as the conversation service gives it
_NOT_CONFIGURED_SECONDS = 300.0
_WORDS: dict[type[object], str] = {
    Accepted: "accepted",
    NotAccepted: "not_accepted",
    Rejected: "rejected",
    Unknown: "unknown",
}


@dataclass(frozen=True)
class Delivering:
    """What it takes to send for one channel; used by many threads."""

    channel: Channel
    outbox: Outbox
    transport: Transport

    def deliver(self, delivery: pb.Delivery, claimed_at: float) -> None:
        """Send it and record what became of it; `claimed_at` is the monotonic time before the claim was asked for."""
        context.bind(delivery.request_id)
        outcome: Outcome
        try:
            delivery = self._fitting(delivery)
        except TooManyParts:
            # A person sees it among what could not be sent; what is written after it is not held up.
            outcome, status = Rejected("too_long", "content"), 0
        except (TakenOver, Unavailable) as error:
            # Nothing was sent. Where the claim is ours, it goes back to the line; where it is not, this says nothing.
            outcome, status = NotAccepted(f"split_{type(error).__name__.lower()}", retry_after_seconds=1), 0
        else:
            outcome, status = self._send(delivery, claimed_at)
        self._note(delivery, outcome, status)
        faultpoint("delivery.answered")
        self.outbox.settle(delivery, outcome, status)

    def _note(self, delivery: pb.Delivery, outcome: Outcome, status: int) -> None:
        code = "" if isinstance(outcome, Accepted) else outcome.code
        _sends.labels(self.channel.name, _WORDS[type(outcome)], code).inc()
        if code:
            _logger.warning(
                "perhaps sent" if isinstance(outcome, Unknown) else "not sent",
                channel=self.channel.name,
                delivery=delivery.id,
                code=code,
                http_status=status,
                attempt=delivery.attempt,
            )

    def _fitting(self, delivery: pb.Delivery) -> pb.Delivery:
        """The delivery with as much text as the platform takes at once; the rest becomes deliveries behind it."""
        capabilities = self.channel.capabilities
        # Before the marks are exchanged, which a later part must not go through twice; they never make a text longer.
        pieces = split(delivery.text, capabilities.text_limit, capabilities.measure)
        if len(pieces) > 1:
            self.outbox.split(delivery, pieces)
            fitting = pb.Delivery()
            fitting.CopyFrom(delivery)
            fitting.text = pieces[0]
            return fitting
        return delivery

    def _send(self, delivery: pb.Delivery, claimed_at: float) -> tuple[Outcome, int]:
        """What became of it, and the platform's HTTP status, 0 without one."""
        call = self._compose(delivery)
        if not isinstance(call, Call):
            return call, 0
        if time.monotonic() - claimed_at > LEASE_SECONDS - TOTAL_SECONDS - 2:
            return NotAccepted("claimed_too_long_ago", retry_after_seconds=1), 0
        faultpoint("delivery.claimed")
        try:
            with _seconds.labels(self.channel.name).time():
                answer = self.transport.send(call)
        except NotSent as error:
            return NotAccepted(str(error)), 0
        except Unanswered as error:
            return Unknown(str(error)), 0
        faultpoint("delivery.sent")
        return self._interpret(answer, delivery), answer.status

    def _compose(self, delivery: pb.Delivery) -> Call | NotAccepted:
        account = self.channel.accounts.get(delivery.account)
        if account is None:
            return NotAccepted("account_not_configured", _NOT_CONFIGURED_SECONDS, Scope.SCOPE_ACCOUNT)
        rendered = pb.Delivery()
        rendered.CopyFrom(delivery)
        try:
            rendered.text = render(delivery.text, self.channel.capabilities)
            return self.channel.compose(account, rendered)
        # A defect of ours, of any kind. Nothing was sent, and once it is mended the reply still goes out; beyond this
        # point only the end of the lease would speak for it, as if it might have been.
        except Exception as error:
            _logger.exception("a reply could not be composed", channel=self.channel.name, delivery=delivery.id)
            return NotAccepted(f"not_composed_{type(error).__name__.lower()}")

    def _interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        try:
            return self.channel.interpret(answer, delivery)
        # Channels never raise here, whatever was answered. Where one does, its words are not understood: nobody knows
        # what became of the send, and that has to be recorded, or it would be known only when the lease is over.
        except Exception as error:
            _logger.exception("an answer could not be read", channel=self.channel.name, delivery=delivery.id)
            return Unknown(f"unreadable_{type(error).__name__.lower()}")

    def show_typing(self, signal: pb.TypingSignal) -> None:
        """Nothing depends on it, so whatever goes wrong is only counted."""
        account = self.channel.accounts.get(signal.account)
        if account is None:
            return
        for word, compose in (("seen", self.channel.compose_seen), ("typing", self.channel.compose_typing)):
            if call := compose(account, signal):
                self._signal(word, call)

    def _signal(self, word: str, call: Call) -> None:
        try:
            status = self.transport.send(call).status
            _sends.labels(self.channel.name, word, "" if status < 300 else str(status)).inc()
        except (NotSent, Unanswered) as error:
            _sends.labels(self.channel.name, word, str(error)).inc()
