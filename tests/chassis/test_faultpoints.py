"""Fault points: what they do in a test's process, and that no other process has any."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PASSES_TWICE = """
import os
from chassis.faultpoints import configure, faultpoint
configure(os.environ)
for _ in range(2):
    faultpoint("turn.claimed")
    print("passed", flush=True)
"""


def pass_twice(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PASSES_TWICE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    "service",
    ["conversation_service", "llm_service", "web_gateway", "webhook_gateway", "webhook_gateway.sender"],
)
def test_a_service_refuses_to_start_with_fault_points_unless_it_is_a_test(service: str, tmp_path: Path) -> None:
    environment = {**os.environ, "FAULTPOINTS": str(tmp_path), "SPUR_TEST": ""}
    ended = subprocess.run(
        [sys.executable, "-m", service], env=environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 2
    assert "FAULTPOINTS is set" in ended.stderr


def test_a_point_that_nobody_armed_does_nothing(tmp_path: Path) -> None:
    assert pass_twice().stdout == "passed\npassed\n"
    assert pass_twice(FAULTPOINTS=str(tmp_path), SPUR_TEST="1").stdout == "passed\npassed\n"


def test_an_armed_point_kills_once(tmp_path: Path) -> None:
    (tmp_path / "turn.claimed").write_text("kill")
    assert pass_twice(FAULTPOINTS=str(tmp_path), SPUR_TEST="1").returncode == -9
    assert pass_twice(FAULTPOINTS=str(tmp_path), SPUR_TEST="1").returncode == 0


def test_a_point_may_kill_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "turn.claimed").write_text("kill always")
    for _ in range(2):
        assert pass_twice(FAULTPOINTS=str(tmp_path), SPUR_TEST="1").returncode == -9


STOPS = """
import os, threading
from chassis.faultpoints import configure, faultpoint
configure(os.environ)
def pass_it():
    faultpoint("delivery.claimed")
    os.write(1, b"passed")
threading.Thread(target=pass_it).start()
"""


def test_whoever_is_stopped_at_a_point_does_nothing_beyond_it_whichever_thread_it_is(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "delivery.claimed").write_text("stop")
        environment = {**os.environ, "FAULTPOINTS": str(tmp_path), "SPUR_TEST": "1"}
        with subprocess.Popen([sys.executable, "-c", STOPS], env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            os.set_blocking(process.stdout.fileno(), False)
            said = process.stdout.read()
            process.send_signal(signal.SIGCONT)
            assert process.wait(10) == 0
        assert os.WIFSTOPPED(status)
        assert said is None, "it went on"
