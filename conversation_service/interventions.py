"""The commands by which a person of the shop steps into a conversation: hand it back, reply in it, close it."""

import argparse
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from conversation_service import ownership
from conversation_service.database import Database, Session
from conversation_service.events import MAX_TEXT, clean
from conversation_service.identifiers import is_id
from conversation_service.people.joined import lock_joined

DESCRIPTIONS = {
    "handback": "let the assistant answer in a conversation again",
    "reply": "write in a conversation as a person, who owns it from then on",
    "close": "say nothing more in a conversation until its customer writes again",
}


class Refused(Exception):
    """One sentence that says why nothing was done."""


@dataclass(frozen=True)
class Standing:
    """How a conversation stands."""

    owner: str
    status: str
    continues_in: str | None
    opted_out: bool
    window_closed: bool


def add_arguments(parser: argparse.ArgumentParser, kind: str) -> None:
    """Those of one of the commands."""
    parser.add_argument("conversation", type=_conversation, metavar="CONVERSATION", help="its id, a UUID")
    if kind == "reply":
        parser.add_argument("text", type=_text, metavar="TEXT", help="what to write, in quotes")


def _conversation(text: str) -> str:
    if not is_id(text.lower()):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is no id of a conversation, which is a UUID")
    return text.lower()


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty: put what you want to write in quotes")
    if len(text) > MAX_TEXT:
        raise argparse.ArgumentTypeError(f"the text is longer than {MAX_TEXT} characters")
    return clean(text.encode(errors="replace").decode())


async def run(arguments: argparse.Namespace, database: Database) -> str:
    """Do it in one transaction; what was done, in words. Raises Refused."""

    # Once, for the work is repeated where the answer to its COMMIT is lost.
    message_id = str(uuid.uuid4())

    def work(session: Session) -> str:
        with session.transaction():
            standing = _read(session, arguments.conversation)
            return _COMMANDS[arguments.kind](session, standing, arguments, message_id)

    return await database.run(work)


def _read(session: Session, conversation: str) -> Standing:
    for row in session.execute("read_standing", conversation):
        standing = Standing(*row)
        if standing.continues_in:
            raise Refused(f"This conversation continues in {standing.continues_in}: use that id.")
        return standing
    raise Refused(f"There is no conversation {conversation}: nothing was done.")


def _hand_back(session: Session, standing: Standing, arguments: argparse.Namespace, _message_id: str) -> str:
    if standing.owner == "assistant":
        return "the assistant answers there already"
    ownership.hand_back(session, arguments.conversation, "command")
    return "the assistant answers from the customer's next message on"


def _reply(session: Session, standing: Standing, arguments: argparse.Namespace, message_id: str) -> str:
    if standing.opted_out:
        raise Refused("The customer asked for no more messages: nothing was sent. They can write START to change that.")
    if standing.window_closed:
        raise Refused("The customer's last message is too old, the platform would refuse a reply: nothing was sent.")
    ownership.person_replies(session, arguments.conversation, message_id, arguments.text, "command")
    return "written; the assistant stays silent there until it is handed back"


def _close(session: Session, standing: Standing, arguments: argparse.Namespace, _message_id: str) -> str:
    if standing.status == "closed":
        return "it is closed already"
    for one in lock_joined(session, arguments.conversation):
        session.execute("close_conversation", one)
        session.execute("cancel_queued", one, "conversation_closed")
        session.execute("silence_pending", one, "human_owner")
    return "closed; a new message of the customer opens it again"


_COMMANDS: dict[str, Callable[[Session, Standing, argparse.Namespace, str], str]] = {
    "handback": _hand_back,
    "reply": _reply,
    "close": _close,
}
