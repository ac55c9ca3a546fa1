"""A backup of a stack at work, restored into a new folder: no second answer to what it holds, one to what it lost."""

import secrets
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.databases import data_folder, place_cluster, query
from tests.invariants import Invariants
from tests.local_stack.launching import Launcher
from tests.local_stack.waiting import eventually

COMMAND = [sys.executable, "-m", "local_stack"]
STAND_INS = [sys.executable, "-m", "tests.local_stack.stand_in_stack"]
SECRET = secrets.token_hex(32)
QUESTIONS = ("How long do I have to return shoes?", "How much is shipping?", "Do you sell gift cards?")
HISTORY = "SELECT id, conversation_id, seq, rev, author, text, turn_no, event_key FROM messages ORDER BY id"


class Stack(Launcher):
    """One whose sessions the other one knows, too."""

    def __init__(self, folder: Path, command: list[str] = COMMAND) -> None:
        folder.mkdir(mode=0o711)
        unlimited = {"SESSION_MESSAGES_PER_MINUTE": "0", "ADDRESS_MESSAGES_PER_MINUTE": "0"}
        super().__init__(folder, command, SESSION_SECRET=SECRET, **unlimited)

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [*COMMAND, *map(str, arguments)]
        return subprocess.run(
            command, env=self.environment, cwd=self.data.parent, capture_output=True, text=True, check=False
        )

    def post(self, session: str, key: str, question: str) -> dict[str, Any]:
        body = {"message": question, "sessionId": session, "clientMessageId": key}
        answer = requests.post(f"{self.published()['WEB_GATEWAY_URL']}/chat/message", json=body, timeout=40)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def session(self) -> str:
        url = f"{self.published()['WEB_GATEWAY_URL']}/chat/session"
        return str(requests.post(url, timeout=10).json()["sessionId"])

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return query(str(self.published()["DATABASE_URL"]), statement, *parameters)

    def stop(self) -> None:
        self.press_ctrl_c()
        assert self.wait(15) == 0


def of_client(event_key: str) -> str:
    """The id that the browser made."""
    return event_key.rpartition(":")[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as folder:
        folder.mkdir(mode=0o711)
        yield folder


@pytest.fixture
def stacks(folder: Path) -> Iterator[tuple[Stack, Stack]]:
    stacks = Stack(folder / "first"), Stack(folder / "second")
    place_cluster(stacks[0].data)
    yield stacks
    for stack in stacks:
        stack.end()


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    """With stand-ins for the services."""
    stack = Stack(folder / "stack", STAND_INS)
    place_cluster(stack.data)
    yield stack
    stack.end()


class Customers:
    """They write one question after the other until told to stop."""

    def __init__(self, stack: Stack, sessions: list[str]) -> None:
        self.said: list[tuple[str, str, str]] = []
        self._ended = threading.Event()
        self._stack = stack
        self._pool = ThreadPoolExecutor(len(sessions))
        self._running = [self._pool.submit(self._write, session) for session in sessions]

    def _write(self, session: str) -> None:
        while not self._ended.wait(0.1):
            said = (session, str(uuid.uuid4()), QUESTIONS[len(self.said) % len(QUESTIONS)])
            self._stack.post(*said)
            self.said.append(said)

    def end(self) -> None:
        self._ended.set()
        for running in self._running:
            running.result()
        self._pool.shutdown()


def test_what_a_backup_holds_is_not_answered_again_and_what_it_lost_once(stacks: tuple[Stack, Stack]) -> None:
    first, second = stacks
    dump = first.data.parent / "at-work.dump"
    first.start()
    customers = Customers(first, [first.session() for _ in range(3)])
    eventually(lambda: len(customers.said) > 10, 60)
    backup = first.run("backup", dump)
    told = len(customers.said)
    eventually(lambda: len(customers.said) > told + 6, 60)
    customers.end()
    assert backup.returncode == 0, backup.stderr
    refused = first.run("restore", dump, "--overwrite")
    assert "A stack is already running on" in refused.stderr
    first.stop()

    restored = second.run("restore", dump)
    assert restored.returncode == 0, restored.stderr
    second.start()
    eventually(lambda: second.query("SELECT count(*) FROM turns WHERE state IN ('pending', 'running')") == [(0,)])
    before = second.query(HISTORY)
    held = {of_client(key) for (key,) in second.query("SELECT event_key FROM inbound_events")}
    lost = {key for _, key, _ in customers.said} - held
    assert len(held) > 10
    assert len(lost) > 5

    for said in customers.said:
        second.post(*said)

    after = second.query(HISTORY)
    assert set(before) <= set(after)
    asked = {of_client(key): (conversation, turn) for _, conversation, _, _, _, _, turn, key in after if key}
    answered = [(conversation, turn) for _, conversation, _, _, author, _, turn, _ in after if author == "assistant"]
    assert held | lost == asked.keys()
    assert sorted(answered) == sorted(asked.values())
    assert len(after) == len(before) + 2 * len(lost)
    Invariants(second.query).check()


def test_a_stack_that_does_not_run_is_backed_up_and_put_back(stack: Stack) -> None:
    stack.start()
    stack.query("INSERT INTO participants (display_name) VALUES ('kept') RETURNING id")
    stack.stop()
    backup = stack.run("backup")
    assert backup.returncode == 0, backup.stderr
    [path] = (stack.data / "backups").iterdir()
    assert f"Wrote {path}" in backup.stdout

    refused = stack.run("restore", path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "spur: The database is not empty: add CONFIRM=yes to put the backup in its place.\n"
    restored = stack.run("restore", path, "--overwrite")
    assert restored.returncode == 0, restored.stderr
    assert stack.family() == []

    stack.start()
    assert stack.query("SELECT display_name FROM participants") == [("kept",)]
