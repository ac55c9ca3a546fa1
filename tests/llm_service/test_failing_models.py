"""Whatever the model does, there is exactly one reply, in time, and its error code says what went wrong."""

import pytest

from llm_service.events import Reset
from tests.llm_service.harness import IN_SHORT, SECONDS, deltas, final, reply
from tests.ports import free_port
from tests.scripted_openai import BEHAVIOURS, ScriptedOpenAI

# (behaviour, error code, whether text of the model was shown before it failed)
FAILURES = [
    ("invalid_key", "invalid_api_key", False),
    ("forbidden", "invalid_api_key", False),
    ("limited", "rate_limited", False),
    ("limited_for_ages", "rate_limited", False),
    ("limited_backwards", "rate_limited", False),
    ("limited_until_a_date", "rate_limited", False),
    ("limited_by_garbage", "rate_limited", False),
    ("no_quota", "insufficient_quota", False),
    ("overflow", "bad_request", False),
    ("broken", "upstream_error", False),
    ("bad_gateway", "upstream_error", False),
    ("endless_refusal", "upstream_error", False),
    ("unavailable", "upstream_error", False),
    ("html", "bad_response", False),
    ("stall", "timeout", False),
    ("stall_midway", "timeout", True),
    ("drip", "timeout", False),
    ("cut", "connection_error", True),
    ("no_finish_reason", "incomplete_stream", True),
    ("broken_chunk", "bad_response", True),
    ("deep_chunk", "bad_response", False),
    ("error_chunk", "upstream_error", True),
    ("empty_choices", "empty_response", False),
    ("empty", "empty_response", False),
    ("null", "empty_response", False),
    ("blank", "empty_response", False),
    ("unknown_tool", "empty_response", False),
    ("filtered", "content_filter", True),
    ("length_at_once", "output_too_long", False),
    ("recite", "guard_blocked", False),
    ("only_unknown_link", "guard_blocked", False),
]
# Flawed answers of which whole sentences are kept: (behaviour, error code, text).
FLAWED = [
    ("length", "output_too_long", "You can return shoes within 30 days."),
    ("unknown_link", "guard_blocked", "Shoes can be returned. It is free."),
    ("html_answer", "guard_blocked", "Hello. Come again."),
]
LATE_FAULTS = ["garbage_after_finish", "error_after_finish", "bare_usage"]  # once it came to its end, it counts
SOUND = [
    ("normal", "You can return shoes within 30 days. They must be unworn and in the original box."),
    ("no_done", "You can return shoes within 30 days. They must be unworn and in the original box."),
    ("stall_after_finish", "You can return shoes within 30 days. They must be unworn and in the original box."),
    *(
        (way, "You can return shoes within 30 days. They must be unworn and in the original box.")
        for way in LATE_FAULTS
    ),
    ("tags", "You can return shoes within 30 days."),
    ("surrogates", "Hi \N{GRINNING FACE} and  bye."),
]
ENDLESS = ["endless", "megabyte"]


@pytest.mark.parametrize(("behaviour", "code", "shown"), FAILURES)
def test_a_failing_model_is_followed_by_a_quote_from_the_knowledge(
    server: ScriptedOpenAI, behaviour: str, code: str, shown: bool
) -> None:
    server.then(behaviour)
    changes = IN_SHORT if code == "timeout" else {}
    events = reply(server, **changes)
    last = final(events)
    assert last.latency_ms < (SECONDS + 1) * 1000
    assert last.text.startswith("From our Returns policy: You have 30 days")
    assert (last.provider, last.model, last.used_fallback, last.error_code) == ("offline", "", True, code)
    assert [(call.provider, call.error_code) for call in last.calls] == [("openai", code), ("offline", "")]
    assert any(isinstance(event, Reset) for event in events) == shown
    assert len(server.requests) == 1, "a model is asked once: retries would multiply an outage"


@pytest.mark.parametrize(("behaviour", "code", "text"), FLAWED)
def test_the_whole_sentences_of_a_flawed_answer_are_kept(
    server: ScriptedOpenAI, behaviour: str, code: str, text: str
) -> None:
    server.then(behaviour)
    last = final(reply(server))
    assert (last.text, last.provider, last.used_fallback, last.error_code) == (text, "openai", False, code)


@pytest.mark.parametrize(("behaviour", "text"), SOUND)
def test_a_sound_answer_comes_through_as_it_may_be_shown(server: ScriptedOpenAI, behaviour: str, text: str) -> None:
    server.then(behaviour)
    last = final(reply(server))
    assert (last.text, last.provider, last.used_fallback, last.error_code) == (text, "openai", False, "")


@pytest.mark.parametrize("behaviour", ENDLESS)
def test_an_endless_answer_is_cut_after_a_whole_sentence(server: ScriptedOpenAI, behaviour: str) -> None:
    server.then(behaviour)
    last = final(reply(server, llm_max_output_tokens=100))
    assert (last.provider, last.error_code) == ("openai", "output_too_long")
    assert last.text.endswith(".")
    assert 500 < len(last.text) <= 1600


def test_every_behaviour_of_the_scripted_model_stands_in_one_of_these_tables() -> None:
    rows = [row[0] for table in (FAILURES, FLAWED, SOUND) for row in table] + ENDLESS
    assert sorted(rows) == sorted(BEHAVIOURS)


def test_a_model_that_cannot_be_reached_is_a_connection_error() -> None:
    nobody = ScriptedOpenAI()
    nobody.base_url = f"http://127.0.0.1:{free_port()}/v1"
    assert final(reply(nobody)).error_code == "connection_error"


def test_a_model_whose_name_does_not_resolve_is_a_connection_error() -> None:
    nowhere = ScriptedOpenAI()
    nowhere.base_url = "http://nowhere.invalid/v1"
    assert final(reply(nowhere)).error_code == "connection_error"


def test_without_a_key_the_knowledge_answers_at_once() -> None:
    events = reply(None)
    last = final(events)
    assert (last.provider, last.used_fallback, last.error_code) == ("offline", True, "no_api_key")
    assert [call.provider for call in last.calls] == ["offline"]
    assert [(citation.source, citation.title) for citation in last.citations] == [
        ("Returns policy", "How long you have to return an order")
    ]
    assert "".join(deltas(events)) == last.text
