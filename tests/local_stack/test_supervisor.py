"""The supervisor, with real processes: order, restart, a stop that ends, and no process left."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_stack.errors import StackError
from local_stack.log_files import LIMIT
from local_stack.progress import Progress
from local_stack.readiness import http_ready
from local_stack.service_process import Service, ServiceProcess
from local_stack.supervisor import Supervisor
from tests.local_stack.waiting import eventually
from tests.ports import free_port
from tests.processes import is_alive

STAND_IN = str(Path(__file__).with_name("stand_in.py"))

Make = Callable[..., ServiceProcess]


def never() -> bool:
    return False


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ServiceProcess] = []

    def make(name: str, *traits: str) -> ServiceProcess:
        port = free_port()
        service = Service(name, name, (sys.executable, STAND_IN, str(port), *traits), http_ready("127.0.0.1", port))
        made.append(ServiceProcess(service, dict(os.environ), tmp_path / f"{name}.log", tmp_path))
        return made[-1]

    yield make
    for process in made:
        process.kill()


def pids(process: ServiceProcess) -> list[int]:
    return [int(pid) for pid in re.findall(r"starting as (\d+)", process.log_path.read_text())]


def ended(process: ServiceProcess) -> int:
    return int(re.findall(r"ended by SIGTERM at (\d+)", process.log_path.read_text())[0])


def test_services_start_in_order_and_stop_in_reverse(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = make("first"), make("second")
    supervisor = Supervisor([first, second], Progress())
    supervisor.start()
    assert first.began < second.began
    assert re.search(r"first\.+ +\d+\.\d s\n +second\.+ +\d+\.\d s\n", capsys.readouterr().out)

    supervisor.stop(5, never)
    assert ended(first) > ended(second)
    assert (first.exit_code(), second.exit_code()) == (0, 0)


def test_a_service_that_dies_is_started_again_with_growing_pauses(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.supervisor.FIRST_PAUSE", 0.05)
    process = make("frail")
    supervisor = Supervisor([process], Progress())
    supervisor.start()
    for deaths in (1, 2):
        process.kill()

        def is_ready_again(deaths: int = deaths) -> bool:
            supervisor.look_after()
            return len(pids(process)) > deaths and process.service.ready()

        eventually(is_ready_again)
        supervisor.look_after()
    output = capsys.readouterr().out
    assert "frail was ended by SIGKILL; starting it again in 0.05 s" in output
    assert "starting it again in 0.1 s" in output
    assert output.count("frail is ready again") == 2


def test_a_service_that_ends_at_its_start_is_shown_with_its_last_words(make: Make) -> None:
    with pytest.raises(StackError) as failure:
        Supervisor([make("broken", "broken")], Progress()).start()
    assert "broken ended with exit code 1 before it was ready; the last lines of" in str(failure.value)
    assert str(failure.value).endswith("\n    STAND_IN_SETTING: is not set")


def test_a_service_that_never_gets_ready_is_not_waited_for_for_ever(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.supervisor.READY_WITHIN", 0.5)
    with pytest.raises(StackError, match=r"lazy was not ready within 0\.5 s"):
        Supervisor([make("lazy", "unready")], Progress()).start()


def test_a_stubborn_service_is_killed_in_time_and_holds_nobody_up(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    willing, stubborn = make("willing"), make("stubborn", "stubborn")
    supervisor = Supervisor([willing, stubborn], Progress())
    supervisor.start()
    began = time.monotonic()
    supervisor.stop(1.0, never)
    assert time.monotonic() - began < 2
    assert (willing.exit_code(), stubborn.exit_code()) == (0, -9)
    assert "stubborn did not end in time and was killed" in capsys.readouterr().out


def test_haste_kills_at_once(make: Make) -> None:
    process = make("stubborn", "stubborn")
    supervisor = Supervisor([process], Progress())
    supervisor.start()
    began = time.monotonic()
    supervisor.stop(30, lambda: True)
    assert time.monotonic() - began < 2
    assert not process.running()


def test_what_a_dead_service_leaves_behind_is_ended_too(make: Make) -> None:
    process = make("parent", "parent")
    Supervisor([process], Progress()).start()
    eventually(lambda: len(pids(process)) == 2)
    process.terminate()
    eventually(lambda: not process.running())
    eventually(lambda: not any(is_alive(pid) for pid in pids(process)))


def test_a_log_that_grew_too_large_is_set_aside_at_the_next_start(make: Make) -> None:
    process = make("chatty")
    process.log_path.write_bytes(b"x" * (LIMIT + 1))
    Supervisor([process], Progress()).start()
    assert process.log_path.with_suffix(".log.1").stat().st_size == LIMIT + 1
    assert process.log_path.stat().st_size < 1000
