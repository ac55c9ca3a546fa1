"""Hands deliveries to senders: the heads of lines, at the pace of their channels, the intent committed first."""

import asyncio
from typing import Any

import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.database import Database, DatabaseUnavailable, Row, Session
from conversation_service.outbox import lines
from conversation_service.outbox.claims import Claim
from conversation_service.outbox.endings import count_end
from conversation_service.outbox.terms import Account, Rates, check, recipient_columns, typing_columns
from protos import conversation_pb2 as pb

_logger = structlog.get_logger()
_DEFAULT_LIMIT = 10
_LEASE_SECONDS = 30.0
_ROUNDS = 10  # in which whole lines may turn out to be blocked, before the sender has to ask again
_UNLIMITED = 2**31 - 1


class Claiming:
    """The work of ClaimDeliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_backs: set[asyncio.Task[None]] = set()

    async def claim(self, request: pb.ClaimDeliveriesRequest, seconds: float | None) -> pb.ClaimDeliveriesResponse:
        """`seconds`: how long the caller waits. Raises ValueError with what is wrong with the request."""
        check(request)
        claim = Claim(request.worker, seconds)
        try:
            claimed, barred, typing = await self._database.run(lambda session: _claim(session, request, claim))
        except (asyncio.CancelledError, DatabaseUnavailable):
            if claim.leave():
                self._put_back(claim)
            raise
        for channel, reason, count, _conversations in barred:
            count_end(channel, reason, count)
        return pb.ClaimDeliveriesResponse(
            deliveries=[_delivery(row) for row in claimed], typing=[_signal(row) for row in typing]
        )

    def _put_back(self, claim: Claim) -> None:
        """Nobody waits for it: what cannot be put back becomes unknown when its lease ends."""
        task = asyncio.create_task(self._database.run(claim.put_back))
        self._put_backs.add(task)
        task.add_done_callback(self._note_put_back)

    def _note_put_back(self, task: asyncio.Task[None]) -> None:
        self._put_backs.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _logger.warning("claims without a sender are left to their leases", error=str(error))


def _claim(
    session: Session, request: pb.ClaimDeliveriesRequest, claim: Claim
) -> tuple[list[Row], list[Row], list[Row]]:
    if claim.recall(session):
        claim.commit(session)
        return claim.rows, [], []
    claim.check()
    session.execute("expire_deliveries")
    barred: list[Row] = []
    if accounts := _due_accounts(session, request):
        rates = Rates(request.terms)
        _note_accounts(session, rates, accounts)
        with session.transaction():
            allowances = _hold_accounts(session, rates, accounts)
            _fill(session, request, claim, allowances, barred)
            _pace_accounts(session, rates, claim.rows)
            claim.check()
        claim.commit(session)
    channels, refresh = typing_columns(request)
    typing = session.execute("signal_typing", channels, refresh) if channels else []
    return claim.rows, barred, typing


def _due_accounts(session: Session, request: pb.ClaimDeliveriesRequest) -> dict[Account, int]:
    """Each with how many it may send by its health: one whose sends failed tries a single one first."""
    rows = session.execute("due_accounts", list(request.channels))
    return {(channel, account): 1 if failed else _UNLIMITED for channel, account, failed in rows}


def _note_accounts(session: Session, rates: Rates, accounts: dict[Account, int]) -> None:
    if paced := rates.paced(accounts):
        session.execute("note_accounts", [channel for channel, _ in paced], [account for _, account in paced])


def _hold_accounts(session: Session, rates: Rates, accounts: dict[Account, int]) -> dict[Account, int]:
    """Locks those that have a pace; without those that another sender holds, or that may send nothing now."""
    paced = rates.paced(accounts)
    allowances = {account: most for account, most in accounts.items() if account not in paced}
    if paced:
        columns = [channel for channel, _ in paced], [account for _, account in paced]
        for channel, account, ahead in session.execute("lock_accounts", *columns):
            allowed = min(rates.allowance((channel, account), ahead), accounts[channel, account])
            if allowed:
                allowances[channel, account] = allowed
    return allowances


def _fill(
    session: Session,
    request: pb.ClaimDeliveriesRequest,
    claim: Claim,
    allowances: dict[Account, int],
    barred: list[Row],
) -> None:
    left = request.limit or _DEFAULT_LIMIT
    for _round in range(_ROUNDS):
        open_accounts = [(*account, most) for account, most in allowances.items() if most > 0]
        if not open_accounts or left <= 0:
            return
        channels, accounts, most = (list(column) for column in zip(*open_accounts, strict=True))
        due_lines = session.execute("lock_due_lines", channels, accounts, most, left)
        if not due_lines:
            return
        conversations = [str(conversation) for conversation, _due in due_lines]
        due = [identity for _conversation, found in due_lines for identity in _ids(found)]
        barred += _bar(session, conversations)
        found = session.execute(
            "claim_deliveries",
            conversations,
            due,
            claim.worker,
            _LEASE_SECONDS,
            *recipient_columns(request.terms),
        )
        for row in found:
            allowances[row[3], row[4]] -= 1
        claim.rows += found
        left -= len(found)


def _bar(session: Session, conversations: list[str]) -> list[Row]:
    ended = session.execute("bar_deliveries", conversations, lines.RETRY_SECONDS)
    for _channel, reason, _count, lines_left in ended:
        if reason == "expired":  # younger ones may wait behind them
            for conversation in _ids(lines_left):
                lines.advance(session, conversation)
    return ended


def _ids(array: str | list[Any]) -> list[str]:
    # The driver reads an array of UUIDs as its text.
    return array.strip("{}").split(",") if isinstance(array, str) else [str(item) for item in array]


def _pace_accounts(session: Session, rates: Rates, claimed: list[Row]) -> None:
    sends: dict[Account, int] = {}
    for row in claimed:
        sends[row[3], row[4]] = sends.get((row[3], row[4]), 0) + 1
    if paced := rates.paced(sends):
        seconds = [rates.seconds(account, sends[account]) for account in paced]
        session.execute("pace_accounts", [name for name, _ in paced], [account for _, account in paced], seconds)


def _delivery(row: Row) -> pb.Delivery:
    identity, fence, conversation_id, channel, account, thread_key, out_seq, part, text, reply_to, *rest = row
    attempt, lease, request_id, author, aliases = rest
    lease_until = Timestamp()
    lease_until.FromDatetime(lease)
    return pb.Delivery(
        id=str(identity),
        fence=fence,
        conversation_id=str(conversation_id),
        channel=channel,
        account=account,
        thread_key=thread_key,
        out_seq=out_seq,
        part=part,
        text=text,
        reply_to_key=reply_to,
        attempt=attempt,
        lease_until=lease_until,
        request_id=request_id,
        recipient=_aliases(aliases),
        author=pb.AUTHOR_HUMAN if author == "human" else pb.AUTHOR_ASSISTANT,
    )


def _signal(row: Row) -> pb.TypingSignal:
    channel, account, thread_key, message_key, aliases, _ = row
    return pb.TypingSignal(
        channel=channel, account=account, thread_key=thread_key, message_key=message_key, recipient=_aliases(aliases)
    )


def _aliases(pairs: list[list[str]]) -> list[pb.Alias]:
    return [pb.Alias(kind=kind, value=value) for kind, value in pairs]
