"""What goes over the wire to the model, and how connections are used."""

import asyncio
import json

import pytest

from llm_service.providers.event_lines import EventLines, NotEvents
from llm_service.providers.model import ModelError, Price, Usage
from llm_service.providers.openai import OpenAI, connect
from llm_service.providers.request_body import RequestBodies, RequestBody
from tests.llm_service.harness import final, reply
from tests.scripted_openai import HELLO, ScriptedOpenAI, refuse


def test_the_request_streams_bounds_the_output_and_asks_for_usage(server: ScriptedOpenAI) -> None:
    reply(server, openai_model="my-model", llm_max_output_tokens=123)
    request = dict(server.requests[0])
    messages = request.pop("messages")
    assert request == {
        "model": "my-model",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 123,
    }
    assert [message["role"] for message in messages] == ["system", "system", "user"]


def test_openai_itself_is_given_the_newer_name_of_the_output_bound() -> None:
    async def limit(base_url: str | None) -> dict[str, int]:
        client = connect("sk-test", base_url)
        try:
            return OpenAI(client, "m", 7, Price())._limit
        finally:
            await client.close()

    assert asyncio.run(limit(None)) == {"max_completion_tokens": 7}
    assert asyncio.run(limit("http://127.0.0.1:1/v1")) == {"max_tokens": 7}


def test_a_connection_is_used_again_after_a_sound_answer(server: ScriptedOpenAI) -> None:
    reply(server)
    before = server.connections
    for _ in range(5):
        assert final(reply(server)).text == HELLO
    assert server.connections == before


def test_a_client_writes_for_many_replies_at_once_and_counts_tokens_for_each(server: ScriptedOpenAI) -> None:
    async def run() -> list[Usage]:
        client = connect("sk-test", server.base_url)
        model, usages = OpenAI(client, "m", 100, Price()), [Usage() for _ in range(20)]
        prompts = [[{"role": "user", "content": "word " * (number + 1)}] for number in range(20)]
        await asyncio.gather(
            *(model.write(prompt, lambda _: None, usage) for prompt, usage in zip(prompts, usages, strict=True))
        )
        await client.close()
        return usages

    assert [usage.prompt_tokens for usage in asyncio.run(run())] == list(range(1, 21))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("1.5", 1.5),
        ("1000000000", 1e9),
        ("9" * 400, 0),
        ("-5", 0),
        ("nan", 0),
        ("inf", 0),
        ("soon", 0),
        ("", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 0),
        (None, 0),
    ],
)
def test_the_seconds_of_a_refusal_are_told_if_they_make_sense(
    server: ScriptedOpenAI, told: str | None, seconds: float
) -> None:
    async def run() -> ModelError:
        client = connect("sk-test", server.base_url)
        with pytest.raises(ModelError) as refused:
            await OpenAI(client, "m", 100, Price()).write([{"role": "user", "content": "Hi"}], print, Usage())
        await client.close()
        return refused.value

    server.then(refuse(429, {"message": "slow down"}, **({} if told is None else {"Retry-After": told})))
    error = asyncio.run(run())
    assert (error.code, error.retry_after) == ("rate_limited", seconds)


STREAM = b': hello\r\ndata: {"a": 1}\r\n\r\nevent: x\nid: 1\nretry: 5\ndata:{"b": 2}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("size", range(1, 20))
def test_events_are_read_in_whatever_pieces_they_come(size: int) -> None:
    lines, found = EventLines(), list[bytes]()
    for at in range(0, len(STREAM), size):
        found += lines.feed(STREAM[at : at + size])
    assert [*found, *lines.rest()] == [b'{"a": 1}', b'{"b": 2}', b"[DONE]"]


def test_a_last_line_without_its_end_is_read() -> None:
    lines = EventLines()
    assert list(lines.feed(b"data: [DO")) == []
    assert list(lines.feed(b"NE]")) == []
    assert list(lines.rest()) == [b"[DONE]"]


@pytest.mark.parametrize("received", [b"<html>\n", b'{"error": "no stream"}\n', b"\xff\xfe\n"])
def test_what_is_no_stream_of_events_is_noticed(received: bytes) -> None:
    with pytest.raises(NotEvents):
        list(EventLines().feed(received))


def test_a_line_that_never_ends_is_given_up() -> None:
    lines = EventLines()
    assert list(lines.feed(b"x" * (4 << 20))) == []
    with pytest.raises(NotEvents):
        list(lines.feed(b"x"))


def test_a_prompt_arrives_as_it_is_whatever_its_letters(server: ScriptedOpenAI) -> None:
    prompts: list[list[dict[str, str]]] = [
        [
            {"role": role, "content": f'{number} "quoted" \\ \n\t\u2028 ñ 日本 🙂'}
            for role in ("system", "system", "user")
        ]
        for number in (1, 2, 1)
    ]

    async def run() -> None:
        client = connect("sk-test", server.base_url)
        model = OpenAI(client, "m", 100, Price())
        for prompt in prompts:
            await model.write(prompt, lambda _: None, Usage())
        await client.close()

    asyncio.run(run())
    assert [request["messages"] for request in server.requests] == prompts


def test_nothing_is_told_of_the_machine(server: ScriptedOpenAI) -> None:
    reply(server)
    headers = {line.partition(":")[0].lower() for line in server.head.splitlines()[1:]}
    assert {"authorization", "content-type", "user-agent"} <= headers
    assert not [name for name in headers if name.startswith("x-stainless")]


def test_replies_share_the_bytes_that_stand_in_every_prompt_and_let_go_of_them() -> None:
    async def pieces(body: RequestBody) -> list[bytes]:
        return [piece async for piece in body]

    bodies = RequestBodies({"model": "m"})
    prompts = [[{"role": "system", "content": "s"}, {"role": "user", "content": text}] for text in ("one", "two")]
    first, second = (bodies.of(prompt) for prompt in prompts)
    sent, also_sent = asyncio.run(pieces(first)), asyncio.run(pieces(second))
    assert sent[0] is also_sent[0]
    assert json.loads(b"".join(sent)) == {"model": "m", "messages": prompts[0]}
    assert len(b"".join(also_sent)) == second.length
    assert asyncio.run(pieces(first)) == []
