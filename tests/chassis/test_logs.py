"""Logs: one JSON line an event, whoever writes it, with the request id and without secrets."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chassis.processes import ROOT

_START = """
import logging, warnings
import structlog
from pydantic import SecretStr
from chassis import context, logs
logs.configure("shop", {level!r})
log = structlog.get_logger()
library = logging.getLogger("some.library")
"""


def logged(program: str, level: str = "info", exit_code: int = 0) -> list[dict[str, Any]]:
    """The events that a process wrote while it ran `program`; each line of its output has to be one."""
    ran = subprocess.run(
        [sys.executable, "-c", _START.format(level=level) + program],
        cwd=ROOT,
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ran.returncode, ran.stderr) == (exit_code, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_an_event_is_one_json_line_with_its_service_and_time() -> None:
    (event,) = logged('log.info("stored", count=2, text="two\\nlines")')
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "stored", "level": "info", "service": "shop", "count": 2, "text": "two\nlines"}


def test_the_request_id_is_in_every_line_of_its_work() -> None:
    events = logged('context.bind("req-1"); log.info("ours"); library.warning("theirs")')
    assert [(event["event"], event["request_id"]) for event in events] == [("ours", "req-1"), ("theirs", "req-1")]


def test_lines_of_libraries_have_the_same_form() -> None:
    (event,) = logged('library.warning("cannot reach %s", "them")')
    assert (event["event"], event["level"], event["service"]) == ("cannot reach them", "warning", "shop")


def test_routine_lines_of_libraries_are_left_out() -> None:
    assert logged('library.info("POST /v1 with Authorization: hunter2")', level="debug") == []


def test_a_warning_of_python_is_a_line_like_any_other() -> None:
    (event,) = logged('warnings.warn("this will go away", UserWarning)')
    assert (event["level"], "this will go away" in event["event"]) == ("warning", True)


def test_an_exception_is_one_line_wherever_it_is_logged() -> None:
    raised = """
try:
    1 / 0
except ZeroDivisionError:
    log.exception("ours")
    library.exception("theirs")
"""
    for event in logged(raised):
        assert event["level"] == "error"
        assert event["exception"].endswith("ZeroDivisionError: division by zero")


def test_an_exception_that_nobody_catches_is_a_line_too() -> None:
    (event,) = logged('raise ValueError("nobody looked")', exit_code=1)
    assert (event["level"], event["exception"].endswith("ValueError: nobody looked")) == ("critical", True)


def test_the_level_decides_what_is_written() -> None:
    program = 'log.debug("d"); log.info("i"); log.warning("w"); log.error("e")'
    assert [event["event"] for event in logged(program)] == ["i", "w", "e"]
    assert [event["event"] for event in logged(program, "ERROR")] == ["e"]


def test_a_line_that_cannot_be_written_stops_nothing_and_later_ones_are(tmp_path: Path) -> None:
    program = """
log.error("lost"); library.error("lost too")
os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 1)
log.info("there is room again")
"""
    disk = tmp_path / "log"
    with Path("/dev/full").open("w") as full:
        code = f"import os, sys\n{_START.format(level='info')}{program}"
        subprocess.run([sys.executable, "-c", code, disk], cwd=ROOT, stdout=full, stderr=subprocess.DEVNULL, check=True)
    assert json.loads(disk.read_text().splitlines()[-1])["event"] == "there is room again"


def test_a_secret_is_not_written() -> None:
    (event,) = logged('log.info("settings", token=SecretStr("hunter2"), path=__import__("pathlib").Path("/x"))')
    assert "hunter2" not in json.dumps(event)
