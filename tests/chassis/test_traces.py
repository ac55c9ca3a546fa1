"""Traces: one over all hops, streams included; nothing that leaks or lingers; nothing at all where they are off."""

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Proto

from chassis import traces
from tests.chassis.collector import Collector, collecting
from tests.chassis.echo import NAME, Echo, call, connected, eventually, running
from tests.chassis.processes import ROOT, ready_process

SHAPES = ["Unary", "Repeat", "Collect", "Talk", "Write"]
STREAMS = SHAPES[1:]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def flush(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Traces of this process are on; call it to have them at the collector."""
    monkeypatch.setattr(traces, "_provider", None)
    monkeypatch.setattr(traces, "_tracer", None)
    traces.configure("tests", collector.url)
    yield traces.flush
    traces.flush()


def test_one_trace_goes_over_all_processes_whatever_the_shape_of_the_call(
    tmp_path: Path, collector: Collector, flush: Callable[[], None]
) -> None:
    async def walk() -> None:
        async with connected(first.port) as (channel, peer):
            for shape in SHAPES:
                with traces.span(f"asked {shape}"):
                    await call(channel, peer, shape, "forward hello")
        for process in (first, second):
            process.terminate()
            assert await process.has_ended() == 0

    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with ready_process(tmp_path, "--name", "second", **settings) as second:
        with ready_process(tmp_path, "--name", "first", "--next", str(second.port), **settings) as first:
            asyncio.run(walk())
    flush()
    for shape in SHAPES:
        (asked,) = collector.named(f"asked {shape}")
        served = collector.named(f"{NAME}/{shape}")
        (on_first,) = [span for span in served if span.service == "first"]
        assert {span.trace_id for span in served} == {asked.trace_id}
        assert (asked.parent_id, on_first.parent_id) == ("", asked.span_id)
        assert {span.parent_id for span in served if span.service == "second"} == {on_first.span_id}
        assert {span.kind for span in served} == {Proto.SPAN_KIND_SERVER}
    # What was still held when the processes ended is here, and none of them had anything to complain about.
    assert [line["event"] for line in first.log()] == ["draining", "drain called", "stopped"]


def test_a_call_that_brings_no_trace_begins_one(collector: Collector, flush: Callable[[], None]) -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            await call(channel, peer, "Unary", "hello")

    asyncio.run(walk())
    flush()
    assert [(span.name, span.parent_id) for span in collector.spans] == [(f"{NAME}/Unary", "")]


@pytest.mark.parametrize("shape", STREAMS)
def test_a_stream_that_brings_no_trace_has_no_span(shape: str, collector: Collector, flush: Callable[[], None]) -> None:
    """For it may be open for hours, as the one is that follows conversations."""

    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            assert "none" in await call(channel, peer, shape, "trace-parent")

    asyncio.run(walk())
    flush()
    assert collector.spans == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_defect_is_seen_in_its_span(shape: str, collector: Collector, flush: Callable[[], None]) -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            with traces.span("asked"), pytest.raises(grpc.aio.AioRpcError):
                await call(channel, peer, shape, "raise x")

    asyncio.run(walk())
    flush()
    (span,) = collector.named(f"{NAME}/{shape}")
    assert (span.failed, span.events) == (True, ("exception",))


def test_streams_side_by_side_stay_in_their_own_traces(collector: Collector, flush: Callable[[], None]) -> None:
    async def one(channel: grpc.aio.Channel, peer: Any) -> None:
        with traces.span("asked") as span:
            assert span
            answer = await call(channel, peer, "Talk", "trace-parent", "sleep 0.01", "trace-parent")
            own = f"{span.get_span_context().trace_id:032x}"
        assert [line.split("-")[1] for line in answer.splitlines() if line.startswith("00-")] == [own, own]

    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            await asyncio.gather(*(one(channel, peer) for _ in range(50)))

    asyncio.run(walk())
    flush()
    assert len({span.trace_id for span in collector.named(f"{NAME}/Talk")}) == 50


def test_a_stream_whose_caller_left_leaves_no_span_behind(
    collector: Collector, flush: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def leave(channel: grpc.aio.Channel, peer: Any, responses: int) -> None:
        with traces.span("asked"):
            stream: Any = channel.unary_stream(f"/{NAME}/Repeat")(b"for ever", metadata=peer.metadata())
            for _ in range(responses):
                await anext(aiter(stream))
            stream.cancel()

    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            await asyncio.gather(*(leave(channel, peer, 1 + number % 5) for number in range(50)))
            await eventually(lambda: len(echo.closed_in_own_task) == 50)
            assert traces.trace_parent() is None
            await call(channel, peer, "Unary", "hello")

    with caplog.at_level(logging.WARNING):
        asyncio.run(walk())
        flush()
    assert len(collector.named(f"{NAME}/Repeat")) == 50
    assert [span.parent_id for span in collector.named(f"{NAME}/Unary")] == [""]
    assert not [record for record in caplog.records if "detach" in record.getMessage()]


def test_a_trace_parent_that_is_none_is_no_trouble(collector: Collector, flush: Callable[[], None]) -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            for nonsense in ("", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
                metadata = (*peer.metadata(), ("traceparent", nonsense))
                assert await channel.unary_unary(f"/{NAME}/Unary")(b"hello", metadata=metadata, timeout=5) == b"hello"

    asyncio.run(walk())
    flush()
    assert [span.parent_id for span in collector.spans] == [""] * 3


def test_attributes_are_set_where_there_is_a_span(collector: Collector, flush: Callable[[], None]) -> None:
    with traces.span("measured") as span:
        traces.annotate(span, {"turn": 7})
        assert span
        assert span.attributes["turn"] == 7  # type: ignore[attr-defined]
    flush()
    assert [span.name for span in collector.spans] == ["measured"]


def test_while_traces_are_off_everything_is_inert_and_the_packages_are_not_even_loaded() -> None:
    program = """
import sys
from chassis import context, server, traces
traces.configure("x", "")
with traces.span("a", "server", "00-" + "1" * 32 + "-" + "1" * 16 + "-01", turn=1) as span:
    traces.annotate(span, {"b": 2})
    assert span is None and traces.trace_parent() is None
traces.flush()
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": "."}, check=True, timeout=30)


def test_an_endpoint_without_the_packages_ends_the_process_with_one_line() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None  # as if it were not installed
from chassis import traces
traces.configure("x", "http://127.0.0.1:4318")
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: install the extra `traces`.\n"
    )


@pytest.mark.parametrize("listening", [True, False], ids=["silent", "absent"])
def test_a_collector_that_is_out_of_reach_costs_neither_a_call_nor_the_end(listening: bool, tmp_path: Path) -> None:
    async def walk() -> None:
        async with connected(service.port) as (channel, peer):
            assert await call(channel, peer, "Unary", "hello") == "hello"
        started = time.monotonic()
        service.terminate()
        assert await service.has_ended() == 0
        assert time.monotonic() - started < 4

    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"http://127.0.0.1:{mute.getsockname()[1]}"
        if not listening:
            mute.close()
        with ready_process(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as service:
            asyncio.run(walk())
    assert service.log()[-1]["event"] == "stopped"
