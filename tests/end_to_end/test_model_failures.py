"""Whatever the model does: one committed reply, in time, with the right error code, through all services on the way."""

import time
from collections.abc import Iterator

import pytest

from conversation_service.writer import SAFE_TEXT
from local_stack.postgres import PostgresServer
from tests.end_to_end.shop import Shop, running_shop

MODEL_SECONDS = 2.0
QUESTION = "How long do I have to return shoes?"


@pytest.fixture(scope="module")
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    # Its models fail one after the other, which must not keep the next one from being asked.
    settings = {"LLM_TIMEOUT_MS": str(int(MODEL_SECONDS * 1000)), "LLM_BREAKER_FAILURES": "1000000"}
    with running_shop(postgres_server, **settings) as (shop, _fleet):
        yield shop


@pytest.mark.parametrize(
    ("behaviour", "error_code"),
    [
        ("invalid_key", "invalid_api_key"),
        ("forbidden", "invalid_api_key"),
        ("limited_for_ages", "rate_limited"),
        ("limited_backwards", "rate_limited"),
        ("limited_until_a_date", "rate_limited"),
        ("no_quota", "insufficient_quota"),
        ("overflow", "bad_request"),
        ("broken", "upstream_error"),
        ("unavailable", "upstream_error"),
        ("stall", "timeout"),
        ("stall_midway", "timeout"),
        ("drip", "timeout"),
        ("cut", "connection_error"),
        ("no_finish_reason", "incomplete_stream"),
        ("broken_chunk", "bad_response"),
        ("error_chunk", "upstream_error"),
        ("html", "bad_response"),
        ("empty_choices", "empty_response"),
        ("empty", "empty_response"),
        ("blank", "empty_response"),
        ("filtered", "content_filter"),
    ],
)
def test_a_failing_model_is_replaced_by_a_quote_from_the_knowledge(shop: Shop, behaviour: str, error_code: str) -> None:
    shop.model.then(behaviour)
    started = time.monotonic()
    answer = shop.post(QUESTION).json()
    assert time.monotonic() - started < MODEL_SECONDS + 2
    assert "30 days" in answer["reply"]
    assert answer["meta"]["citations"]
    assert (answer["meta"]["provider"], answer["meta"]["usedFallback"]) == ("offline", True)
    assert answer["meta"]["errorCode"] == error_code
    replies = [message for message in shop.history(answer["sessionId"]) if message["author"] == "assistant"]
    assert [reply["text"] for reply in replies] == [answer["reply"]]
    assert calls_of(shop, answer["messageId"]) == [("openai", error_code, False), ("offline", "", True)]


@pytest.mark.parametrize("behaviour", ["normal", "no_done", "stall_after_finish"])
def test_a_whole_answer_is_the_models_own(shop: Shop, behaviour: str) -> None:
    answer = shop.post(f"{QUESTION} [[{behaviour}]]").json()
    assert answer["reply"].startswith("You can return shoes within 30 days.")
    assert (answer["meta"]["provider"], answer["meta"]["usedFallback"]) == ("openai", False)
    assert answer["meta"]["errorCode"] == ""
    assert calls_of(shop, answer["messageId"]) == [("openai", "", False)]


def test_an_endless_answer_is_cut_at_whole_sentences(shop: Shop) -> None:
    answer = shop.post("Tell me everything [[endless]]").json()
    assert answer["meta"]["errorCode"] == "output_too_long"
    assert answer["reply"].endswith("And so on it goes.")
    assert len(answer["reply"]) < 10_000


@pytest.mark.parametrize("behaviour", ["only_unknown_link", "recite"])
def test_what_must_not_be_said_is_neither_committed_nor_shown_before(shop: Shop, behaviour: str) -> None:
    stream = shop.post(f"{QUESTION} [[{behaviour}]]", headers={"Accept": "text/event-stream"}).text
    assert "evil.test" not in stream
    assert "event: reply" in stream
    assert '"errorCode":"guard_blocked"' in stream
    spoken = shop.model.prompts[-1][0]["content"].splitlines()[0]
    assert spoken not in stream


def test_the_models_tokens_and_latency_are_stored_with_the_call(shop: Shop) -> None:
    answer = shop.post(QUESTION).json()
    ((model, prompt_tokens, completion_tokens, latency, request_id),) = shop.query(
        "SELECT model, prompt_tokens, completion_tokens, latency_ms, c.request_id FROM llm_calls c"
        " JOIN messages m USING (conversation_id, turn_no) WHERE m.id = %s",
        answer["messageId"],
    )
    assert model == answer["meta"]["model"] == "gpt-4o-mini"
    assert (prompt_tokens, completion_tokens) == (answer["meta"]["promptTokens"], answer["meta"]["completionTokens"])
    assert prompt_tokens > 100
    assert completion_tokens > 5
    assert 0 < latency < 2000
    assert request_id


def test_the_prompt_holds_policies_knowledge_and_then_the_conversation(shop: Shop) -> None:
    first = shop.post("Do you ship to Spain?").json()
    shop.post(QUESTION, first["sessionId"])
    prompt = shop.model.prompts[-1]
    assert [message["role"] for message in prompt] == ["system", "system", "user", "assistant", "user"]
    assert "Store Policies" in prompt[0]["content"]
    assert "hipping" in prompt[1]["content"]
    assert [message["content"] for message in prompt[2:]] == ["Do you ship to Spain?", first["reply"], QUESTION]


def calls_of(shop: Shop, message_id: str) -> list[tuple[str, str, bool]]:
    return shop.query(  # type: ignore[return-value]
        "SELECT c.provider, c.error_code, c.used_fallback FROM llm_calls c"
        " JOIN messages m USING (conversation_id, turn_no) WHERE m.id = %s ORDER BY rung",
        message_id,
    )


def test_a_model_that_failed_in_a_row_is_passed_over_and_the_stored_record_says_so(
    postgres_server: PostgresServer,
) -> None:
    settings = {"LLM_BREAKER_FAILURES": "2", "LLM_BREAKER_OPEN_SECONDS": "600"}
    with running_shop(postgres_server, **settings) as (shop, _fleet):
        before = len(shop.model.prompts)
        shop.model.then("limited_for_ages", "limited_for_ages")
        for _ in range(2):
            assert shop.post(QUESTION).json()["meta"]["errorCode"] == "rate_limited"
        answer = shop.post(QUESTION).json()
        assert "30 days" in answer["reply"]
        assert (answer["meta"]["provider"], answer["meta"]["errorCode"]) == ("offline", "breaker_open")
        assert calls_of(shop, answer["messageId"]) == [("openai", "breaker_open", False), ("offline", "", True)]
        assert len(shop.model.prompts) == before + 2


def test_without_a_key_the_knowledge_answers_and_says_honestly_when_it_cannot(postgres_server: PostgresServer) -> None:
    with running_shop(postgres_server, OPENAI_API_KEY="", OPENAI_BASE_URL="") as (shop, _fleet):
        known = shop.post(QUESTION).json()
        assert "30 days" in known["reply"]
        assert (known["meta"]["provider"], known["meta"]["errorCode"]) == ("offline", "no_api_key")
        unknown = shop.post("What is the capital of Mongolia?").json()
        assert "cannot find" in unknown["reply"]
        spanish = shop.post("¿Cuánto tiempo tengo para devolver unos zapatos?").json()
        assert "30 días" in spanish["reply"]
        assert SAFE_TEXT not in (known["reply"], unknown["reply"], spanish["reply"])
        assert shop.model.prompts == []
