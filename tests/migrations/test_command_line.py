"""`python -m migrations`: one line for every failure, and none that tells a password."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local_stack.postgres import PostgresServer
from migrations.addresses import Addresses
from tests.databases import data_folder, place_cluster
from tests.ports import free_port


def migrations(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if "DATABASE_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "migrations", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_up_status_and_down_say_what_they_did(empty_database_url: str) -> None:
    up = migrations("up", DATABASE_URL=empty_database_url)
    assert (up.returncode, up.stdout.splitlines()[0]) == (0, "applied 0001_conversations")
    assert migrations("up", DATABASE_URL=empty_database_url).stdout == "nothing to apply\n"
    assert "0001_conversations                       applied 20" in (
        migrations("status", DATABASE_URL=empty_database_url).stdout
    )
    down = migrations("down", "--to", "0", DATABASE_URL=empty_database_url)
    assert down.stdout.splitlines()[-1] == "undid 0001_conversations"
    assert migrations("down", DATABASE_URL=empty_database_url).stdout == "nothing to undo\n"


def test_the_address_may_come_from_a_file_and_empty_is_unset(empty_database_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(empty_database_url + "\n")
    assert migrations("status", DATABASE_URL="", DATABASE_URL_FILE=str(secret)).returncode == 0


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL_FILE": "/nowhere"}, "DATABASE_URL_FILE cannot be read: No such file"),
        ({"DATABASE_URL_FILE": os.devnull}, "DATABASE_URL_FILE is empty"),
        ({"DATABASE_URL": "hunter2 is no address"}, "DATABASE_URL is not an address"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(environment: dict[str, str], expected: str) -> None:
    failed = migrations("up", **environment)
    assert failed.returncode == 1
    assert expected in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert "hunter2" not in failed.stderr


def test_a_wrong_password_fails_at_once_without_being_told(postgres_server: PostgresServer) -> None:
    url = f"postgresql://spur:hunter2@127.0.0.1:{postgres_server.port}/spur"
    failed = migrations("--wait", "30", "up", DATABASE_URL=url)
    assert failed.returncode == 1
    assert "password authentication failed" in failed.stderr
    assert "hunter2" not in failed.stderr


def test_an_absent_database_is_waited_for_but_not_for_ever() -> None:
    failed = migrations("--wait", "0.5", "up", DATABASE_URL=f"postgresql://spur@127.0.0.1:{free_port()}/spur")
    assert failed.returncode == 1
    assert "No database within 0.5 s, see DATABASE_URL" in failed.stderr


def test_a_database_that_comes_later_is_migrated() -> None:
    with data_folder() as folder:
        place_cluster(folder)
        server = PostgresServer(folder, free_port(), durable=False)
        server.start()
        server.stop()
        result: list[subprocess.CompletedProcess[str]] = []
        waiting = threading.Thread(target=lambda: result.append(migrations("up", DATABASE_URL=server.url)))
        waiting.start()
        waiting.join(0.7)
        server.start()
        waiting.join()
        server.stop()
    assert result[0].returncode == 0
    assert result[0].stdout.startswith("waiting for the database")


def test_an_unknown_command_is_refused_with_the_usage() -> None:
    failed = migrations("sideways", DATABASE_URL="postgresql://")
    assert failed.returncode == 2
    assert "usage: python -m migrations" in failed.stderr


def test_the_owners_address_comes_first_and_each_may_be_a_file(empty_addresses: Addresses, tmp_path: Path) -> None:
    owner, service = tmp_path / "owner", tmp_path / "service"
    owner.write_text(empty_addresses.owner)
    service.write_text(f"{empty_addresses.service}\n")
    up = migrations("up", MIGRATIONS_DATABASE_URL_FILE=str(owner), DATABASE_URL_FILE=str(service))
    assert up.returncode == 0, up.stderr
    assert up.stdout.splitlines()[-1].startswith("opened to spur_service: ")
    for command in ("up", "status", "down"):
        assert migrations(command, MIGRATIONS_DATABASE_URL=empty_addresses.owner).returncode == 0


def test_a_wrong_address_of_the_owner_is_named_as_such(empty_addresses: Addresses) -> None:
    failed = migrations(
        "up",
        MIGRATIONS_DATABASE_URL=empty_addresses.owner.replace("spur:", "spur:hunter2"),
        DATABASE_URL=str(empty_addresses.service),
    )
    assert failed.returncode == 1
    assert "see MIGRATIONS_DATABASE_URL: " in failed.stderr
    assert "hunter2" not in failed.stderr
