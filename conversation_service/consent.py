"""Whether a customer of a messaging platform wants to be written to: the words that say so, and what follows.

The English words are those that US carriers and the platforms ask for
(https://www.twilio.com/docs/messaging/guides/opt-out); of other languages only those that mean nothing else.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change
from conversation_service.people.joined import lock_joined

STOP, START, HELP = "stop", "start", "help"

_WORDS = {
    STOP: """
        stop | stopall | stop all | unsubscribe | optout | opt out
        stopp | abmelden | abbestellen | arrêt | arret | désabonner | me désabonner | baja | darme de baja
        descadastrar | disiscrivimi | uitschrijven | afmelden | стоп | отписаться | 退订 | 退訂 | 配信停止
    """,
    START: "start | unstop",
    HELP: "help | info",
}
# Carriers define these on SMS, too; but "cancel" is a natural answer about an order. So only a whole message that is
# nothing but the word in capital letters, as carriers print it, says STOP.
_SHOUTED = {"CANCEL", "END", "QUIT", "REVOKE"}
_TEXTS = Path(__file__).parent / "texts"
_ANSWERS = {word: (_TEXTS / f"{word}_reply.txt").read_text(encoding="utf-8").strip() for word in (START, HELP)}
_LONGEST = 64  # characters that are looked at; whatever is longer is no single word


def _plain(text: str) -> str:
    """Without case and punctuation, and with single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


_MEANINGS = {
    _plain(form): word for word, forms in _WORDS.items() for line in forms.split("\n") for form in line.split("|")
}
_MEANINGS.pop("", None)


def word_of(text: str) -> str | None:
    """STOP, START or HELP where a whole message says so."""
    said = text.strip()
    if len(said) > _LONGEST:
        return None
    # Without what nobody sees: characters of no width, and marks of the direction of writing.
    said = "".join(char for char in said if unicodedata.category(char) != "Cf").strip()
    return STOP if said in _SHOUTED else _MEANINGS.get(_plain(said))


def answer_to(asked: Sequence[str], is_first: bool = False) -> str | None:
    """The fixed text that answers a turn which consists of nothing but such words.

    `is_first`: nothing was ever said there. Then START is no return: Telegram's button sends it before anything else.
    """
    if not asked or not {word_of(text) for text in asked} <= {START, HELP}:
        return None
    word = word_of(asked[-1]) or HELP
    return None if word == START and is_first else _ANSWERS[word]


def opt_out(session: Session, conversation_id: str, at: datetime | None) -> list[Change]:
    """Say nothing more to this customer: what waits is not answered, what is queued is not sent. In a transaction.

    `at`: when they said so, None: now.
    """
    changes = []
    for one in lock_joined(session, conversation_id):
        for channel, account in session.execute("set_consent", one, True, at):
            ended = session.execute("silence_pending", one, "opted_out")
            session.execute("advance_line", one)
            changes += _silences((one, channel, account), (turn_no for (turn_no,) in ended))
    return changes


def opt_in(session: Session, conversation_id: str, at: datetime | None) -> list[Change]:
    """The customer wants to be answered again, unless they opted out after they had said so. In a transaction."""
    for one in lock_joined(session, conversation_id):
        session.execute("set_consent", one, False, at)
    return []


def _silences(thread: tuple[str, str, str], turns: Iterable[int]) -> list[Change]:
    return [Change(thread, silent=(turn_no, "opted_out")) for turn_no in turns]
