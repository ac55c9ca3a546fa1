"""A backup is whole or not there, and a restore happens whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from local_stack import restore as restoring
from local_stack.backup import back_up
from local_stack.config import StackSettings
from local_stack.errors import StackError
from local_stack.postgres import PostgresServer
from local_stack.postgres_tools import Tools
from local_stack.restore import restore
from migrations.addresses import Addresses
from migrations.files import read_migrations
from migrations.runner import migrate_up
from tests.databases import fresh_database
from tests.local_stack.launching import ROOT
from tests.local_stack.waiting import eventually

SAY = "INSERT INTO participants (display_name) VALUES ('{}')"
NAMES = "SELECT display_name FROM participants ORDER BY 1"


@dataclass(frozen=True)
class Place:
    """A database, and the folder in which its backups go."""

    addresses: Addresses
    folder: Path

    @property
    def settings(self) -> StackSettings:
        return StackSettings.model_validate(
            {
                "spur_data_dir": self.folder,
                "database_url": self.addresses.service,
                "migrations_database_url": self.addresses.owner,
            }
        )

    def back_up(self, target: Path | None = None) -> Path:
        return back_up(self.settings, os.environ, target)

    def restore(self, source: Path | None, overwrite: bool = False) -> list[str]:
        said: list[str] = []
        restore(self.settings, os.environ, source, overwrite, said.append)
        return said

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.addresses.owner)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def place(fresh_addresses: Addresses, tmp_path: Path) -> Place:
    """With one row."""
    place = Place(fresh_addresses, tmp_path)
    place.execute(SAY.format("first"))
    return place


@pytest.fixture
def another(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """With nothing at all."""
    with fresh_database(postgres_server, template="template1") as addresses:
        yield Place(addresses, tmp_path)


def test_a_backup_is_private_has_a_name_of_its_own_and_leaves_nothing_beside_it(place: Place) -> None:
    path = place.back_up()
    assert path.parent == place.folder / "backups"
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_restored_database_has_the_rows_and_the_service_can_work_on_it(place: Place, another: Place) -> None:
    another.restore(place.back_up())
    assert another.execute(NAMES) == [("first",)]
    with closing(psycopg2.connect(str(another.addresses.service))) as connection:
        cursor = connection.cursor()
        cursor.execute(SAY.format("second"))
        cursor.execute("INSERT INTO participant_aliases (channel, account, kind, value, participant_id)"
                       " SELECT 'web', 'default', 'phone', display_name, id FROM participants")  # fmt: skip
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("TRUNCATE participants")


def test_a_database_with_rows_is_overwritten_only_on_demand_and_kept_in_a_backup(place: Place) -> None:
    path = place.back_up()
    place.execute(SAY.format("second"))
    with pytest.raises(StackError, match="not empty: add CONFIRM=yes"):
        place.restore(path)
    assert place.execute(NAMES) == [("first",), ("second",)]

    place.restore(path, overwrite=True)

    assert place.execute(NAMES) == [("first",)]
    [kept] = (place.folder / "backups").glob("before-restore-*.dump")
    place.restore(kept, overwrite=True)
    assert place.execute(NAMES) == [("first",), ("second",)]


def test_nothing_is_restored_while_a_service_works_on_the_database(place: Place) -> None:
    path = place.back_up()
    with closing(psycopg2.connect(str(place.addresses.service), application_name="spur-conversation-1")):
        with pytest.raises(StackError, match="Services work on the database: stop them all first"):
            place.restore(path, overwrite=True)


def test_a_dump_of_an_earlier_release_is_brought_up_to_date(place: Place, another: Place, tmp_path: Path) -> None:
    migrate_up(another.addresses, migrations=read_migrations()[:3])
    another.execute(SAY.format("earlier"))
    path = another.back_up(tmp_path / "earlier.dump")

    # Over a newer schema, whose tables point to those of the dump.
    place.restore(path, overwrite=True)

    assert place.execute(NAMES) == [("earlier",)]
    assert place.execute("SELECT count(*) FROM schema_migrations") == [(len(read_migrations()),)]
    assert place.execute("SELECT count(*) FROM tool_calls") == [(0,)]


Spoil = Callable[[Place, Path], None]


def cut(_place: Place, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)


def cut_in_its_head(_place: Place, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(40)


def turn_bits(_place: Place, path: Path) -> None:
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 2000] = bytes(byte ^ 0xFF for byte in content[half : half + 2000])
    path.write_bytes(content)


def of_a_later_postgres(_place: Place, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[6] = 99
    path.write_bytes(content)


def of_something_else(place: Place, path: Path) -> None:
    place.execute("ALTER TABLE schema_migrations RENAME TO versions")
    program = Tools(os.environ).start("pg_dump", "--format=custom", f"--file={path}", url=place.addresses.owner)
    assert program.wait() == 0
    place.execute("ALTER TABLE versions RENAME TO schema_migrations")


def of_a_newer_release(place: Place, path: Path) -> None:
    place.execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', repeat('0', 64))")
    path.unlink()
    place.back_up(path)
    place.execute("DELETE FROM schema_migrations WHERE version = 9999")


def of_another_branch(place: Place, path: Path) -> None:
    place.execute("UPDATE schema_migrations SET checksum = repeat('0', 64) WHERE version = 6")
    path.unlink()
    place.back_up(path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _place, path: path.unlink(), "cannot be read (No such file"),
        (lambda _place, path: path.write_bytes(b""), "is empty"),
        (lambda _place, path: path.write_text("-- PostgreSQL database dump"), "is not a dump that `make backup` made"),
        (cut, "is damaged or cut off"),
        (cut_in_its_head, "is damaged or cut off"),
        (turn_bits, "is damaged or cut off"),
        (of_a_later_postgres, "or a newer Postgres made it"),
        (of_something_else, "a dump of something else"),
        (of_a_newer_release, "holds the schema of a newer release (9999_later)"),
        (of_another_branch, "holds another 0006_rate_limits than ours"),
    ],
)
def test_a_dump_that_is_no_good_changes_nothing(spoil: Spoil, message: str, place: Place, tmp_path: Path) -> None:
    path = place.back_up(tmp_path / "spoilt.dump")
    spoil(place, path)
    with pytest.raises(StackError) as refused:
        place.restore(path, overwrite=True)
    assert message in str(refused.value)
    assert place.execute(NAMES) == [("first",)]


def test_a_dump_that_breaks_off_while_it_is_restored_changes_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.back_up(tmp_path / "whole.dump")
    cut(place, path)
    for check in ("verify", "refuse_newer"):  # as if the disk failed after they have passed
        monkeypatch.setattr(restoring, check, lambda *_: None)
    with pytest.raises(StackError, match="cannot be restored, everything is as it was"):
        place.restore(path, overwrite=True)
    assert place.execute(NAMES) == [("first",)]


class BreakingOff(Tools):
    """Its pg_restore ends between two statements."""

    def start(self, program: str, *arguments: str | Path, **options: Any) -> "subprocess.Popen[bytes]":
        if program == "pg_restore" and "--no-owner" in arguments:
            return subprocess.Popen(["/bin/sh", "-c", "echo 'SELECT 1;'; exit 1"], **options)
        return super().start(program, *arguments, **options)


def test_what_cleared_the_way_is_undone_where_the_dump_is_not_read_to_its_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.back_up()
    monkeypatch.setattr(restoring, "Tools", BreakingOff)
    with pytest.raises(StackError, match="cannot be restored, everything is as it was"):
        place.restore(path, overwrite=True)
    assert place.execute(NAMES) == [("first",)]


def test_tables_that_are_not_ours_are_left_alone(place: Place, another: Place) -> None:
    another.execute("CREATE TABLE messages (n int)")
    with pytest.raises(StackError, match=r'everything is as it was: .*relation "messages" already exists'):
        another.restore(place.back_up())
    assert another.execute("SELECT count(*) FROM messages") == [(0,)]
    assert another.execute("SELECT to_regclass('participants')") == [(None,)]


@pytest.mark.parametrize(
    ("name", "message"),
    [("kept", "exists already"), ("missing/x.dump", "is no folder"), ("kept/x.dump", "is no folder")],
)
def test_a_target_that_cannot_be_written_is_named(name: str, message: str, place: Place, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(StackError, match=message):
        place.back_up(tmp_path / name)
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_database_that_cannot_be_reached_leaves_no_file_and_tells_no_password(place: Place, tmp_path: Path) -> None:
    for owner in (place.addresses.owner.replace("spur:", "spur:hunter2"), "hunter2 is no address"):
        wrong = Place(Addresses(owner, place.addresses.service), tmp_path)
        with pytest.raises(StackError) as refused:
            wrong.back_up(tmp_path / "x.dump")
        assert "hunter2" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ending", "left"), [(signal.SIGTERM, 0), (signal.SIGKILL, 1)])
def test_a_backup_that_is_interrupted_is_never_taken_for_a_whole_one(
    ending: signal.Signals, left: int, place: Place, tmp_path: Path
) -> None:
    target = tmp_path / "x.dump"
    addresses = {
        "DATABASE_URL": str(place.addresses.service),
        "MIGRATIONS_DATABASE_URL": place.addresses.owner,
        "PYTHONPATH": str(ROOT),
    }
    waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database()"
    with closing(psycopg2.connect(place.addresses.owner)) as connection:
        connection.cursor().execute("LOCK TABLE participants IN ACCESS EXCLUSIVE MODE")
        backup = subprocess.Popen(
            [sys.executable, "-m", "local_stack", "backup", target], cwd=tmp_path, env={**os.environ, **addresses}
        )
        eventually(lambda: place.execute(waiting) == [(1,)])
        backup.send_signal(ending)
        assert backup.wait(10) != 0
    eventually(lambda: place.execute(waiting) == [])
    assert not target.exists()
    assert len(list(tmp_path.glob("*.partial"))) == left


def test_a_folder_without_a_database_is_not_made_into_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="There is no database in"):
        back_up(StackSettings.model_validate({"spur_data_dir": tmp_path / "data", "database_url": None}), {}, None)
    assert list(tmp_path.iterdir()) == []


def test_nobody_sees_the_password_in_the_list_of_processes(place: Place) -> None:
    program = Tools(os.environ).start(
        "psql", "--no-psqlrc", url=place.addresses.owner, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"SELECT 'at work';\n")
        program.stdin.flush()
        assert program.stdout.readline()
        line = Path(f"/proc/{program.pid}/cmdline").read_text()
    finally:
        program.communicate()
    assert "psql" in line
    assert place.addresses.owner.split(":")[2].split("@")[0] not in line
