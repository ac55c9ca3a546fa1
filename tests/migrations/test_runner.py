"""The runner: each file once, all of it or nothing, however many start and wherever one is killed."""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from migrations.files import Migration, MigrationError, read_migrations
from migrations.runner import migrate_down, migrate_up, read_status

FIRST = "CREATE TABLE first (n int);\n-- down\nDROP TABLE first;\n"
SECOND = "CREATE TABLE second (n int);\n-- down\nDROP TABLE second;\n"


def written(folder: Path, *files: str) -> Sequence[Migration]:
    for number, text in enumerate(files, start=1):
        (folder / f"{number:04}_step.sql").write_text(text)
    return read_migrations(folder)


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


def tables(url: str) -> set[object]:
    listed = ask(url, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    return {name for (name,) in listed}


def runner(url: str, folder: Path) -> "subprocess.Popen[bytes]":
    script = (
        "import sys; from pathlib import Path\n"
        "from migrations.files import read_migrations; from migrations.runner import migrate_up\n"
        "print(len(migrate_up(sys.argv[1], migrations=read_migrations(Path(sys.argv[2])))))"
    )
    return subprocess.Popen([sys.executable, "-c", script, url, str(folder)], stdout=subprocess.PIPE)


def test_the_products_schema_goes_up_down_and_up_again(empty_database_url: str) -> None:
    assert migrate_up(empty_database_url) == read_migrations()
    whole = tables(empty_database_url)
    assert "conversations" in whole

    migrate_down(empty_database_url, to=0)
    assert tables(empty_database_url) == {"schema_migrations"}

    migrate_up(empty_database_url)
    assert tables(empty_database_url) == whole


def test_what_was_applied_is_not_applied_again(empty_database_url: str, tmp_path: Path) -> None:
    migrate_up(empty_database_url, migrations=written(tmp_path, FIRST))
    both = written(tmp_path, FIRST, SECOND)
    assert migrate_up(empty_database_url, migrations=both) == [both[1]]
    assert migrate_up(empty_database_url, migrations=both) == []


def test_a_file_that_fails_leaves_nothing_and_keeps_those_before_it(empty_database_url: str, tmp_path: Path) -> None:
    broken = written(tmp_path, FIRST, "CREATE TABLE half (n int);\nSELECT 1/0;\n")
    with pytest.raises(MigrationError, match=r"0002_step failed and was rolled back: division by zero"):
        migrate_up(empty_database_url, migrations=broken)
    assert tables(empty_database_url) == {"schema_migrations", "first"}

    migrate_up(empty_database_url, migrations=written(tmp_path, FIRST, SECOND))
    assert tables(empty_database_url) == {"schema_migrations", "first", "second"}


def test_a_file_that_was_changed_afterwards_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    migrate_up(empty_database_url, migrations=written(tmp_path, FIRST))
    changed = written(tmp_path, FIRST.replace("int", "bigint"), SECOND)
    with pytest.raises(MigrationError, match="0001_step was changed after it was applied"):
        migrate_up(empty_database_url, migrations=changed)
    assert "second" not in tables(empty_database_url)


def test_the_way_back_may_still_be_corrected(empty_database_url: str, tmp_path: Path) -> None:
    migrate_up(empty_database_url, migrations=written(tmp_path, "CREATE TABLE first (n int);\n-- down\nDROP TABEL x;"))
    migrate_down(empty_database_url, migrations=written(tmp_path, FIRST))
    assert tables(empty_database_url) == {"schema_migrations"}


def test_a_database_of_a_newer_release_is_left_alone(empty_database_url: str, tmp_path: Path) -> None:
    both = written(tmp_path, FIRST, SECOND)
    migrate_up(empty_database_url, migrations=both)
    assert migrate_up(empty_database_url, migrations=both[:1]) == []
    with pytest.raises(MigrationError, match="0002_step was applied by a newer release"):
        migrate_down(empty_database_url, migrations=both[:1])


def test_down_undoes_the_newest_or_all_above_a_version(empty_database_url: str, tmp_path: Path) -> None:
    three = written(tmp_path, FIRST, SECOND, "CREATE TABLE third (n int);\n-- down\nDROP TABLE third;\n")
    migrate_up(empty_database_url, migrations=three)
    assert migrate_down(empty_database_url, migrations=three) == [three[2]]
    assert migrate_down(empty_database_url, to=0, migrations=three) == [three[1], three[0]]
    assert migrate_down(empty_database_url, migrations=three) == []


def test_a_file_without_a_way_back_is_not_undone(empty_database_url: str, tmp_path: Path) -> None:
    one = written(tmp_path, "CREATE TABLE first (n int);\n")
    migrate_up(empty_database_url, migrations=one)
    with pytest.raises(MigrationError, match="0001_step cannot be undone"):
        migrate_down(empty_database_url, migrations=one)


def test_status_writes_nothing_and_tells_pending_from_applied(empty_database_url: str, tmp_path: Path) -> None:
    both = written(tmp_path, FIRST, SECOND)
    assert read_status(empty_database_url, migrations=both) == [("0001_step", "pending"), ("0002_step", "pending")]
    assert tables(empty_database_url) == set()
    migrate_up(empty_database_url, migrations=both[:1])
    (_, first), (_, second) = read_status(empty_database_url, migrations=both)
    assert first.startswith("applied 20")
    assert second == "pending"


def test_statements_that_refuse_a_transaction_run_without_one(empty_database_url: str, tmp_path: Path) -> None:
    index = (
        "-- no-transaction\n-- Twice the same; the second is repeatable.\n"
        "DROP INDEX CONCURRENTLY IF EXISTS fast;\nCREATE INDEX CONCURRENTLY fast\n    ON first (n);\n"
        "-- down\nDROP INDEX CONCURRENTLY fast;\n"
    )
    both = written(tmp_path, FIRST, index)
    migrate_up(empty_database_url, migrations=both)
    assert ask(empty_database_url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'fast'::regclass") == [(True,)]
    migrate_down(empty_database_url, migrations=both)
    assert ask(empty_database_url, "SELECT to_regclass('fast')") == [(None,)]


def test_five_runners_at_once_apply_each_file_once(empty_database_url: str, tmp_path: Path) -> None:
    slow = "SELECT pg_sleep(0.2);\n"
    index = "-- no-transaction\nCREATE INDEX CONCURRENTLY fast ON first (n);\n"
    written(tmp_path, slow + FIRST, slow + SECOND, index)
    applied = []
    for running in [runner(empty_database_url, tmp_path) for _ in range(5)]:
        output, _ = running.communicate(timeout=30)
        assert running.returncode == 0
        applied.append(int(output))
    assert sorted(applied) == [0, 0, 0, 0, 3]


def test_a_runner_killed_in_the_middle_leaves_no_trace_and_no_lock(empty_database_url: str, tmp_path: Path) -> None:
    interrupted = "CREATE TABLE second (n int);\nSELECT pg_sleep(60);\n"
    written(tmp_path, FIRST, interrupted)
    running = runner(empty_database_url, tmp_path)
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    while not ask(empty_database_url, sleeping):
        time.sleep(0.02)
    running.kill()
    running.communicate()

    # The killed runner's statement still sleeps on the server, and with it the lock.
    both = written(tmp_path, FIRST, SECOND)
    assert migrate_up(empty_database_url, migrations=both) == [both[1]]
    assert tables(empty_database_url) == {"schema_migrations", "first", "second"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("0002_late.sql", "should be number 0001"), ("first.sql", "not named like 0001_what_it_does.sql")],
)
def test_a_wrongly_numbered_or_named_file_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_text("SELECT 1;\n")
    with pytest.raises(MigrationError, match=message):
        read_migrations(tmp_path)
