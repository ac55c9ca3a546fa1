"""The process: it answers, says what is wrong with its settings in one line, serves figures, stops on SIGTERM."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from chassis.health import check
from protos import llm_pb2 as pb
from protos import llm_pb2_grpc
from tests.llm_service.harness import QUESTION, SAFE_TEXT, TOKEN
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "SERVICE_TOKEN": TOKEN, "LLM_SERVICE_METRICS_PORT": "0", **changes}


@contextmanager
def running(**changes: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "llm_service"],
        cwd=ROOT,
        env=environment(LLM_SERVICE_PORT=str(port), **changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20
        while not check(f"127.0.0.1:{port}", seconds=0.5):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process, port
    finally:
        process.kill()
        process.communicate()


def refusal(**changes: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "llm_service"],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def figures_of(metrics_port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=5) as response:
        return str(response.read().decode())


def test_it_answers_serves_figures_and_stops_on_sigterm() -> None:
    metrics_port = free_port()
    with running(LLM_SERVICE_METRICS_PORT=str(metrics_port)) as (process, port):
        start = pb.Start(
            conversation_id="c",
            history=[pb.HistoryMessage(role=pb.ROLE_CUSTOMER, text=QUESTION)],
            safe_text=SAFE_TEXT,
        )
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = llm_pb2_grpc.LlmServiceStub(channel).GenerateReply(
                iter([pb.GenerateReplyRequest(start=start)]),
                timeout=10,
                metadata=(("authorization", f"Bearer {TOKEN}"),),
            )
            *_, last = call
        assert "30 days" in last.final.text
        assert last.final.error_code == "no_api_key"
        figures = figures_of(metrics_port)
        assert 'llm_replies_total{provider="offline"} 1.0' in figures
        assert 'llm_calls_total{error_code="",model="",provider="offline"} 1.0' in figures
        assert "llm_replies_in_flight 0.0" in figures
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_state_of_each_models_breaker_is_told_from_the_start() -> None:
    metrics_port = free_port()
    model = {"OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "first", "OPENAI_FALLBACK_MODEL": "second"}
    with running(LLM_SERVICE_METRICS_PORT=str(metrics_port), **model):
        figures = figures_of(metrics_port)
    assert 'llm_breaker_state{model="first"} 0.0' in figures
    assert 'llm_breaker_state{model="second"} 0.0' in figures


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"KNOWLEDGE_DIR": "/nowhere"}, "KNOWLEDGE_DIR: /nowhere is not a folder"),
        ({"OPENAI_BASE_URL": "api.example"}, "OPENAI_BASE_URL: is not of the right form"),
        ({"OPENAI_API_KEY": "sk-two words"}, "OPENAI_API_KEY: holds spaces"),
        ({"LLM_TIMEOUT_MS": "soon"}, "LLM_TIMEOUT_MS: "),
        ({"LLM_BREAKER_FAILURES": "0"}, "LLM_BREAKER_FAILURES: "),
        ({"LLM_BREAKER_OPEN_SECONDS": "-1"}, "LLM_BREAKER_OPEN_SECONDS: "),
        ({"LLM_BREAKER_OPEN_SECONDS": "nan"}, "LLM_BREAKER_OPEN_SECONDS: "),
        ({"SERVICE_TOKEN": ""}, "SERVICE_TOKEN: is not set"),
    ],
)
def test_a_wrong_setting_ends_it_with_one_line_that_names_the_setting(changes: dict[str, str], says: str) -> None:
    told = refusal(**changes)
    assert says in told
    assert len(told.strip().splitlines()) == 1
    assert "two words" not in told


def test_a_key_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from file\n")
    assert "OPENAI_API_KEY: holds spaces" in refusal(OPENAI_API_KEY_FILE=str(tmp_path / "key"))
