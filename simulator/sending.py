"""A send of the shop, from the call to what the platform tells about it; the place where it misbehaves."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.misbehaviour import ANSWERING, REPORTING, Rule, Script
from simulator.platforms.platform import Draft, Json, Platform, Refusal, Report
from simulator.postman import Postman
from simulator.world import World

# Seconds after the acceptance at which the platform tells the first, second … thing about a message.
_PACE = (0.02, 0.06)
_READ_AFTER = 0.12


class Closing(Exception):
    """The connection is to be closed without a byte."""


class Garbled(Exception):
    """The answer is to be something that no program expects."""


@dataclass(frozen=True)
class Call:
    """One call of a platform's API, as its rules see it."""

    platform: Platform
    account: Account
    kind: str
    recipient: str


class Sending:
    """All platforms' sends."""

    def __init__(self, world: World, script: Script, postman: Postman) -> None:
        self._world = world
        self._script = script
        self._postman = postman

    def send(self, platform: Platform, draft: Draft) -> Json:
        """The platform's answer. Raises Refusal, Closing or Garbled where there is no such thing."""
        call = Call(platform, draft.account, "send", draft.recipient)
        return self._answer(call, lambda: self._accept(platform, draft), platform.accepted)

    def signal(self, call: Call, effect: Callable[[], Json]) -> Json:
        """A call that sends no message, as typing: `effect` says what becomes of it and what is answered."""
        return self._answer(call, lambda: None, lambda _: effect())

    def _answer(self, call: Call, take: Callable[[], "Message | None"], say: Callable[..., Json]) -> Json:
        rule = self._rule(ANSWERING, call)
        wanted = rule.do if rule else ""
        try:
            if rule and not wanted.startswith("accept"):
                self._refuse(call.platform, rule)
            message = take()
            answer = say(message)
        except (Refusal, Closing) as refused:
            self._log(call, getattr(refused, "code", "closed"), getattr(refused, "status", 0), wanted)
            raise
        self._log(call, "accepted", 200, wanted, message)
        if rule and wanted.startswith("accept"):
            self._disturb(call.platform, rule)
        return answer

    def _refuse(self, platform: Platform, rule: Rule) -> None:
        """What a rule does before anything is taken."""
        match rule.do:
            case "answer_late":
                self._world.closed.wait(rule.seconds)
            case "close":
                raise Closing
            case "fail":
                raise Refusal(500, platform.refusal("500").body, "500")
            case "throttle":
                raise platform.throttled(rule.seconds or 1)
            case "refuse":
                raise platform.refusal(rule.code or "400")

    def _disturb(self, platform: Platform, rule: Rule) -> None:
        """What a rule does to the answer, when all is done."""
        match rule.do:
            case "accept_late":
                self._world.closed.wait(rule.seconds)
            case "accept_and_close":
                raise Closing
            case "accept_and_500":
                raise Refusal(500, platform.refusal("500").body, "500")
            case "accept_and_garble":
                raise Garbled

    def _accept(self, platform: Platform, draft: Draft) -> Message:
        """Take the message, and have its reports told."""
        world, account, now = self._world, draft.account, time.time()
        known = world.find(account.channel, account.id, draft.recipient)
        fails = platform.check(draft, known, now)
        customer = known or world.customer(account.channel, account.id, draft.recipient)
        rule = self._rule(REPORTING, Call(platform, account, "send", draft.recipient))
        if rule and rule.do == "statuses_failed":
            fails = rule.code or "131026"
        message = Message(
            id=platform.new_id(draft.recipient),
            channel=account.channel,
            account=account.id,
            customer=customer.id,
            author="shop",
            kind=draft.kind,
            text=draft.text,
            at=now,
            mark=draft.mark,
            reply_to=draft.reply_to,
            buttons=list(draft.buttons),
            callback=draft.callback,
            fails=fails,
            seen=customer.reads == "at_once",
        )
        world.accept(message)
        self._report(platform, account, message, customer, rule)
        return message

    def _report(
        self, platform: Platform, account: Account, message: Message, customer: Customer, rule: Rule | None
    ) -> None:
        reports = platform.reports(account, message, customer)
        if not message.fails and customer.reads == "at_once":
            reports += [Report("read", update) for update in platform.read(account, [message])]
        how = rule.do if rule else ""
        if how == "statuses_never":
            return
        if how == "statuses_reversed":
            reports = reports[::-1]
        late = rule.seconds if rule and how == "statuses_late" else 0
        for place, report in enumerate(reports):
            for _ in range(2 if how == "statuses_twice" else 1):
                self._tell(platform, message, report, early=how == "statuses_early", after=late + _moment(place))

    def _tell(self, platform: Platform, message: Message, report: Report, *, early: bool, after: float) -> None:
        def told(_: bool = True) -> None:
            self._world.reach(message, report.state)

        if report.update is None:
            told()
        elif early:
            self._postman.post_now(platform, [replace(report.update, told=told)])
        else:
            self._postman.post(platform, [replace(report.update, told=told)], after)

    def _rule(self, among: tuple[str, ...], call: Call) -> Rule | None:
        return self._script.choose(among, call.kind, call.platform.channel, call.account.id, call.recipient)

    def _log(self, call: Call, outcome: str, status: int, rule: str, message: Message | None = None) -> None:
        fields: Mapping[str, object] = {
            "channel": call.platform.channel,
            "account": call.account.id,
            "call": call.kind,
            "recipient": call.recipient,
            "outcome": outcome,
            "status": status,
            "rule": rule,
            "id": message.id if message else "",
        }
        self._world.log_call(**fields)


def _moment(place: int) -> float:
    return _PACE[place] if place < len(_PACE) else _READ_AFTER
