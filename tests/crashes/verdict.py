"""What must hold after a storm, beside the invariants of the tables: what senders were told, and what the model saw."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tests.crashes.echo import Echo
from tests.crashes.traffic import Sent, Traffic
from tests.fleet import Fleet
from tests.invariants import Invariants

_HISTORY_LIMIT = 20
_ROWS = """
    SELECT id::text, conversation_id::text, turn_no, seq, author, text, coalesce(event_key, '')
    FROM messages ORDER BY conversation_id, turn_no, author = 'assistant', created_at, seq"""
_ROLES = {"customer": "user", "assistant": "assistant"}


class Row(NamedTuple):
    """One stored message."""

    id: str
    conversation: str
    turn: int
    seq: int
    author: str
    text: str
    event_key: str


class Verdict:
    """Looks at one storm that is over; each method yields what does not hold."""

    def __init__(self, fleet: Fleet, traffic: Traffic, echo: Echo) -> None:
        self._fleet = fleet
        self._traffic = traffic
        self._echo = echo
        self._rows = [Row(*row) for row in fleet.query(_ROWS)]
        self._asked = {row.text: row for row in self._rows if row.author == "customer"}
        self._conversations: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            self._conversations[row.conversation].append(row)

    def complaints(self) -> list[str]:
        parts = self._invariants(), self._acknowledged(), self._order(), self._crosstalk(), self._purity()
        return [complaint for part in parts for complaint in part]

    def _invariants(self) -> Iterator[str]:
        invariants = Invariants(self._fleet.query)
        if unanswered := invariants.open_turns():
            yield f"unanswered: {unanswered} turns"
        yield from invariants.violations()

    def _acknowledged(self) -> Iterator[str]:
        """INV-1, INV-2, INV-6: what was acknowledged is there once, under the id that every acknowledgement named."""
        for sent in self._traffic.sent.values():
            row = self._asked.get(sent.text)
            if not sent.acknowledged or row is None:
                yield f"lost: {sent}"
            elif sent.ids != {row.id} or not row.event_key.endswith(sent.key):
                yield f"acknowledged as another message: {sent} {row}"
        stored = sum(row.author == "customer" for row in self._rows)
        if stored != len(self._traffic.sent):
            yield f"{stored} messages are stored, {len(self._traffic.sent)} were sent"
        poison = self._fleet.query("SELECT count(*), count(DISTINCT event_key) FROM poison_events")[0]
        if poison != (len(self._traffic.poison),) * 2:
            yield f"{poison[0]} poisonous events are stored, {len(self._traffic.poison)} were sent"

    def _order(self) -> Iterator[str]:
        """INV-4: what was acknowledged before something else was sent stands before it."""
        sent_by_text = {sent.text: sent for sent in self._traffic.sent.values()}
        for rows in self._conversations.values():
            customers = sorted((row for row in rows if row.author == "customer"), key=lambda row: row.seq)
            line: list[Sent] = [sent_by_text[row.text] for row in customers if row.text in sent_by_text]
            for place, later in enumerate(line):
                for earlier in line[:place]:
                    if later.acknowledged < earlier.first_sent:
                        yield f"out of order: {earlier} before {later}"

    def _crosstalk(self) -> Iterator[str]:
        """INV-7: nothing of a conversation holds the mark of another."""
        marks = {sent.mark for sent in self._traffic.sent.values()}
        for rows in self._conversations.values():
            own = {row.text.partition(" ")[0] for row in rows if row.author == "customer"}
            if len(own) != 1:
                yield f"several people in one conversation: {own}"
            for row in rows:
                if others := {mark for mark in marks - own if mark in row.text}:
                    yield f"{row} holds {others}"
        for text in self._echo.instructions:
            if any(mark in text for mark in marks):
                yield "the instructions to the model hold a customer's words"

    def _purity(self) -> Iterator[str]:
        """INV-8: a prompt is the conversation up to its turn: nothing missing, doubled, foreign or from the future."""
        for prompt in self._echo.prompts:
            asked = self._asked.get(prompt[-1][1])
            if asked is None:
                yield f"the model was asked what nobody said: {prompt[-1]}"
                continue
            before = [
                (_ROLES[row.author], row.text)
                for row in self._conversations[asked.conversation]
                if row.turn < asked.turn or (row.turn == asked.turn and row.author == "customer")
            ]
            if prompt != before[-_HISTORY_LIMIT:]:
                yield f"a prompt is not the conversation up to turn {asked.turn}: {prompt} is not {before}"
