"""What the LLM service was asked, beside what it must have been asked by the messages that are stored."""

from protos import llm_pb2
from tests.conversation_service.harness import Client
from tests.scripted_llm import ScriptedLlm

Prompt = list[tuple[int, str]]
_ROLES = {"customer": llm_pb2.ROLE_CUSTOMER, "assistant": llm_pb2.ROLE_ASSISTANT}
_HISTORY = """
    SELECT conversation_id::text, turn_no, author, text FROM messages
    ORDER BY conversation_id, turn_no, author = 'assistant', coalesce(platform_time, created_at), seq
"""


def assert_pure(llm: ScriptedLlm, service: Client, limit: int) -> None:
    """Every prompt is the newest `limit` messages up to the end of its turn's input: none missing, doubled or later."""
    history: dict[str, list[tuple[int, str, str]]] = {}
    for conversation, turn_no, author, text in service.query(_HISTORY):
        history.setdefault(conversation, []).append((turn_no, author, text))
    asked = {(start.conversation_id, start.turn_no) for start in llm.prompts}
    answered = service.query("SELECT conversation_id::text, turn_no FROM turns WHERE state = 'done'")
    assert asked == set(answered)
    for start in llm.prompts:
        prompt = [(message.role, message.text) for message in start.history]
        assert prompt == _expected(history[start.conversation_id], start.turn_no, limit), start


def _expected(history: list[tuple[int, str, str]], turn: int, limit: int) -> Prompt:
    before = [(_ROLES[author], text) for turn_no, author, text in history if turn_no < turn]
    asked = [(_ROLES[author], text) for turn_no, author, text in history if turn_no == turn and author == "customer"]
    assert asked
    return [*before, *asked][-limit:]
