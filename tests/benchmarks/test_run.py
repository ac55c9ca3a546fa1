"""Whole runs: both sides started, measured and ended."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from benchmarks.figures import FIGURES
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.product import ROOT
from benchmarks.rounds import run
from benchmarks.stage import CHAIN, OURS, Stage, stage
from benchmarks.usage import descendants
from tests.local_stack.waiting import eventually
from tests.processes import is_alive

STORED = """
    SELECT (SELECT count(*) FROM messages WHERE author = 'customer' AND text LIKE 'Can I return%'),
        (SELECT count(*) FROM messages WHERE author = 'assistant' AND text LIKE 'Yes, you can.%'),
        (SELECT count(*) FROM {calls})
"""


@pytest.fixture(scope="module")
def set_up() -> Iterator[Stage]:
    with stage(quick=True) as running:
        yield running


def test_every_side_stores_every_turn_that_is_counted(set_up: Stage) -> None:
    set_up.pace(Pace(delay=0.05, tokens=9, interval=0.005))
    for side in (*set_up.sides, *([set_up.floor] if set_up.floor else []), set_up.chain):
        before, counted = stored(set_up, side.name), 0
        for streamed in (False,) if side.name == CHAIN else (False, True):
            done = run(set_up, side, Plan("turns", side.port, in_flight=3, seconds=0.5, turns=2, streamed=streamed))
            assert done.outcome.turns >= 3
            assert min(done.outcome.latencies) >= 0.05 + 8 * 0.005
            assert min(done.outcome.firsts, default=0.05) >= 0.05
            assert sum(done.cpu.values()) > 0
            counted += done.outcome.turns
        assert stored(set_up, side.name) == tuple(count + counted for count in before)


def test_the_bare_chain_answers_as_the_monolith_does(set_up: Stage) -> None:
    if not set_up.theirs:
        pytest.skip(set_up.missing or "")
    set_up.pace(Pace())
    first, second = (two_turns(side.port) for side in (set_up.chain, set_up.theirs))
    assert list(map(described, first)) == list(map(described, second))


def test_the_bare_chain_answers_no_message_twice(set_up: Stage) -> None:
    named = {"sessionId": str(uuid.uuid4()), "clientMessageId": str(uuid.uuid4())}
    assert [posted(set_up.chain.port, **named)[0] for _ in range(2)] == [200, 500]


def two_turns(port: int) -> list[dict[str, Any]]:
    """Of one conversation."""
    _, first = posted(port)
    _, second = posted(port, sessionId=first["sessionId"])
    assert second["sessionId"] == first["sessionId"]
    return [first, second]


def posted(port: int, **more: str) -> tuple[int, dict[str, Any]]:
    """The status and, where it is 200, the answer."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        body = json.dumps({"message": "Ship to Malmö?", **more})
        connection.request("POST", "/chat/message", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read()) if response.status == 200 else {}


def described(answer: dict[str, Any]) -> dict[str, Any]:
    """What is the same from whomever it comes; of the rest the kind."""
    varying = {name: type(answer[name]) for name in ("sessionId", "messageId", "replyId")}
    return {**answer, **varying, "meta": {**answer["meta"], "latencyMs": type(answer["meta"]["latencyMs"])}}


def stored(set_up: Stage, side: str) -> tuple[int, ...]:
    """Messages of customers, answers of the model, and calls of it."""
    database, calls = ("product", "llm_calls") if side == OURS else (side, "model_calls")
    with closing(psycopg2.connect(set_up.postgres.database_url(database))) as connection:
        cursor = connection.cursor()
        cursor.execute(STORED.format(calls=calls))
        return cursor.fetchone() or ()


def started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--quick", *arguments], cwd=ROOT, stdout=-1, stderr=-1, text=True
    )


def measured(path: Path, *names: str) -> None:
    process = started("--json", str(path), *names)
    out, error = process.communicate(timeout=400)
    assert process.returncode == 0, out + error
    figures = json.loads(path.read_text())["figures"]
    assert {name: set(values) for name, values in figures.items()} == {name: set(FIGURES[name].lines) for name in names}
    for name in names:
        assert all(line.what in out for line in FIGURES[name].lines.values())


def test_a_run_prints_and_writes_every_line_of_the_figure_that_was_asked_for(tmp_path: Path) -> None:
    measured(tmp_path / "kept" / "figures.json", "receive")


@pytest.mark.long
def test_every_figure_can_be_measured(tmp_path: Path) -> None:
    measured(tmp_path / "figures.json", *FIGURES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_ended(number: signal.Signals) -> None:
    before = folders_of_runs()
    process = started("memory")
    eventually(lambda: len(descendants(process.pid)) > 10, 60)
    begun = descendants(process.pid)
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    eventually(lambda: not any(is_alive(pid) for pid in begun), 60)
    if number == signal.SIGKILL:
        with stage(quick=True):
            pass  # the next run clears up
    else:
        assert process.returncode == 1
        assert "Stopped." in out
        assert "Traceback" not in error
    assert folders_of_runs() <= before


def test_an_unknown_figure_is_answered_with_those_there_are() -> None:
    process = started("speed")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert all(name in error for name in ("speed", *FIGURES))


def folders_of_runs() -> set[Path]:
    return set(Path("/var/tmp").glob("spur-bench-*"))
