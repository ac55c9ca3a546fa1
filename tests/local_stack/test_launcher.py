"""The launcher as a person meets it, with stand-ins for the services and a real Postgres."""

import os
import signal
import socket
import stat
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from local_stack.process_table import SERVICES
from migrations.addresses import Addresses
from tests.databases import data_folder, place_cluster
from tests.local_stack.launching import Launcher, stand_in_launcher
from tests.local_stack.waiting import eventually
from tests.ports import free_port
from tests.processes import is_alive

Launch = Callable[..., Launcher]


@pytest.fixture
def launch() -> Iterator[Launch]:
    with data_folder() as folder:
        folder.mkdir(mode=0o711)
        launchers: list[Launcher] = []

        def launch(**environment: str) -> Launcher:
            launchers.append(stand_in_launcher(folder, **environment))
            return launchers[-1]

        yield launch
        for launcher in launchers:
            launcher.end()


@pytest.fixture
def launch_again(launch: Launch) -> Launch:
    """On the data of an earlier run, for tests of something else than the first one."""

    def launch_again(**environment: str) -> Launcher:
        launcher = launch(**environment)
        place_cluster(launcher.data)
        return launcher

    return launch_again


def environment_of_gateway(launcher: Launcher) -> dict[str, str]:
    return environment_of(launcher, "web_gateway")


def environment_of(launcher: Launcher, service: str) -> dict[str, str]:
    """A stand-in answers with its environment."""
    with urllib.request.urlopen(f"http://127.0.0.1:{launcher.environment[f'{service.upper()}_PORT']}/") as answer:
        return dict(line.split("=", maxsplit=1) for line in answer.read().decode().splitlines() if "=" in line)


def execute(url: str | None, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_everything_starts_is_published_and_stops_at_ctrl_c(launch: Launch) -> None:
    launcher = launch().start()
    steps = ["Postgres 18", "migrations", *(row.name for row in SERVICES), "example conversation"]
    places = [launcher.output.index(step) for step in steps]
    assert places == sorted(places)
    eventually(lambda: "Ctrl-C stops everything" in launcher.output)

    published = launcher.published()
    environment = environment_of_gateway(launcher)
    assert stat.S_IMODE(launcher.stack_env.stat().st_mode) == 0o600
    assert published["WEB_GATEWAY_URL"] == f"http://127.0.0.1:{launcher.environment['WEB_GATEWAY_PORT']}"
    assert {"WEBHOOK_GATEWAY_URL", "SIMULATOR_URL"} <= published.keys()
    assert not [name for name in environment if "DATABASE" in name]
    shared = {"CONVERSATION_SERVICE_ADDRESS", "LLM_SERVICE_ADDRESS", "SERVICE_TOKEN"}
    for name in shared | {"LLM_SERVICE_METRICS_PORT", "CONVERSATION_SERVICE_METRICS_PORT", "WEB_GATEWAY_METRICS_PORT"}:
        assert environment[name] == published[name]
    assert len(environment["SESSION_SECRET"]) == 48
    assert execute(published["DATABASE_URL"], "SELECT count(*) > 5 FROM schema_migrations") == [(True,)]
    assert execute(published["DATABASE_URL"], "SELECT current_user") == [("spur_service",)]
    assert execute(published["MIGRATIONS_DATABASE_URL"], "SELECT current_user") == [("spur",)]

    # A terminal sends it to the whole group.
    began = time.monotonic()
    launcher.press_ctrl_c()
    assert launcher.wait(10) == 0
    assert time.monotonic() - began < 10
    assert launcher.output.endswith("Stopped.\n")
    assert not launcher.stack_env.exists()
    assert launcher.family() == []
    postgres_log = (launcher.data / "log" / "postgres.log").read_text()
    gateway_ended = (launcher.data / "log" / "web_gateway.log").stat().st_mtime
    assert "received fast shutdown request" in postgres_log
    assert gateway_ended < (launcher.data / "log" / "postgres.log").stat().st_mtime


def test_killing_the_launcher_leaves_nothing_and_the_next_start_finds_everything(launch_again: Launch) -> None:
    launcher = launch_again().start()
    before = launcher.published()
    execute(before["DATABASE_URL"], "INSERT INTO participants (display_name) VALUES ('kept')")
    launcher.signal(signal.SIGKILL)
    launcher.wait()

    # At once, on the same ports: what is left of the first run is still ending.
    began = time.monotonic()
    launcher.start()
    assert time.monotonic() - began < 20  # promised are 5 s on a machine of its own

    assert launcher.published()["SERVICE_TOKEN"] == before["SERVICE_TOKEN"]
    assert execute(launcher.published()["DATABASE_URL"], "SELECT display_name FROM participants") == [("kept",)]
    launcher.signal(signal.SIGKILL)
    launcher.wait()
    eventually(lambda: launcher.family() == [])


def test_a_kill_of_every_process_loses_nothing(launch_again: Launch) -> None:
    launcher = launch_again().start()
    url = launcher.published()["DATABASE_URL"]
    execute(url, "INSERT INTO participants (display_name) VALUES ('kept')")
    for pid in launcher.family():
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    launcher.wait()

    launcher.start()

    assert execute(url, "SELECT display_name FROM participants") == [("kept",)]


def test_a_service_and_postgres_that_die_are_started_again(launch_again: Launch) -> None:
    launcher = launch_again().start()
    published = launcher.published()
    with pytest.raises(OSError, match=r"closed|reset"):
        urllib.request.urlopen(f"{published['WEB_GATEWAY_URL']}/die")
    postmaster = int((launcher.data / "postgres/cluster/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)

    eventually(lambda: "web_gateway is ready again" in launcher.output)
    assert "web_gateway ended with exit code 3; starting it again in 0.5 s" in launcher.output
    assert "Postgres ended; starting it again" in launcher.output

    def answers() -> bool:
        try:
            return execute(published["DATABASE_URL"], "SELECT 1") == [(1,)]
        except psycopg2.OperationalError:
            return False

    eventually(answers)


def test_a_second_stack_on_the_same_folder_is_refused(launch: Launch, launch_again: Launch) -> None:
    first = launch_again().start()
    second = launch()
    second._output = second._output.with_name("second")
    assert f"spur: A stack is already running on {first.data} (process " in second.fail()
    assert first.stack_env.exists()


def test_a_stop_during_the_start_ends_everything(launch_again: Launch) -> None:
    launcher = launch_again(TRAITS_LLM_SERVICE="unready")
    launcher.spawn()
    eventually(lambda: "llm_service" in launcher.output)
    launcher.signal(signal.SIGTERM)
    assert launcher.wait(10) == 0
    assert launcher.family() == []


def test_a_service_that_cannot_start_ends_the_start_with_its_last_lines(launch_again: Launch) -> None:
    launcher = launch_again(TRAITS_CONVERSATION_SERVICE="broken")
    output = launcher.fail()
    assert "spur: conversation_service ended with exit code 1 before it was ready" in output
    assert output.endswith("    STAND_IN_SETTING: is not set\n")
    assert launcher.family() == []


def test_the_environment_wins_over_the_file_and_empty_is_unset(launch_again: Launch) -> None:
    launcher = launch_again(FROM_BOTH="environment", EMPTY="", DATABASE_URL="")
    (launcher.data.parent / ".env").write_text("FROM_BOTH=file\nEMPTY=file\nFROM_FILE='a b'\n")
    environment = environment_of_gateway(launcher.start())
    assert (environment["FROM_BOTH"], environment["EMPTY"], environment["FROM_FILE"]) == ("environment", "file", "a b")


def test_a_given_database_is_used_and_none_is_started(launch: Launch, empty_database_url: str) -> None:
    launcher = launch(DATABASE_URL=empty_database_url).start()
    assert launcher.published()["DATABASE_URL"] == empty_database_url
    assert not (launcher.data / "postgres").exists()


def test_a_given_database_with_two_roles_is_migrated_by_one_and_served_by_the_other(
    launch: Launch, empty_addresses: Addresses
) -> None:
    launcher = launch(DATABASE_URL=empty_addresses.service, MIGRATIONS_DATABASE_URL=empty_addresses.owner).start()
    published = launcher.published()
    assert published["DATABASE_URL"] == empty_addresses.service
    assert execute(published["DATABASE_URL"], "SELECT count(*) FROM messages") == [(0,)]
    for name in ("llm_service", "conversation_service", "web_gateway"):
        assert str(empty_addresses.owner) not in " ".join(environment_of(launcher, name).values())


def test_a_role_of_the_service_that_may_too_much_is_told_of(launch: Launch, empty_addresses: Addresses) -> None:
    execute(empty_addresses.owner, "GRANT CREATE ON SCHEMA public TO pg_monitor")
    execute(empty_addresses.owner, "GRANT pg_monitor TO spur_service")
    launcher = launch(DATABASE_URL=empty_addresses.service, MIGRATIONS_DATABASE_URL=empty_addresses.owner)
    try:
        assert "warning: the role spur_service of DATABASE_URL may create tables" in launcher.start().output
    finally:
        execute(empty_addresses.owner, "REVOKE pg_monitor FROM spur_service")


def test_an_owner_without_a_service_is_refused(launch: Launch) -> None:
    launcher = launch(MIGRATIONS_DATABASE_URL="postgresql://hunter2@127.0.0.1/x")
    launcher.spawn()
    assert launcher.wait() == 2
    assert launcher.output == "MIGRATIONS_DATABASE_URL: set DATABASE_URL too, which the service is to use\n"


def one_line(output: str) -> str:
    """The message, which is the only line that is no step."""
    (line,) = [line for line in output.splitlines() if line.strip() and not line.startswith("  ")]
    return line


def test_a_taken_port_is_named_with_its_setting(launch: Launch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        output = launch(LLM_SERVICE_PORT=str(port)).fail()
    assert one_line(output) == (
        f"spur: Port {port} is taken: stop what listens there, or set LLM_SERVICE_PORT to a free one."
    )


def test_one_port_for_two_is_refused(launch: Launch) -> None:
    port = str(free_port())
    assert "LLM_SERVICE_PORT and WEB_GATEWAY_PORT are both" in one_line(
        launch(LLM_SERVICE_PORT=port, WEB_GATEWAY_PORT=port).fail()
    )


def test_a_folder_that_cannot_be_written_names_the_setting(launch: Launch) -> None:
    assert "set SPUR_DATA_DIR to a folder that can be written" in one_line(launch(SPUR_DATA_DIR="/proc/spur").fail())


def test_the_data_of_another_major_is_refused(launch: Launch) -> None:
    launcher = launch()
    cluster = launcher.data / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    assert "was written by Postgres 17 and this is Postgres 18" in one_line(launcher.fail())


def test_a_database_that_refuses_us_names_the_setting(launch: Launch, database_url: str) -> None:
    wrong = database_url.replace("spur_service:", "spur_service:x")
    assert "see DATABASE_URL" in one_line(launch(DATABASE_URL=wrong).fail())


def test_a_setting_of_the_wrong_kind_is_named(launch: Launch) -> None:
    launcher = launch(POSTGRES_PORT="many")
    launcher.spawn()
    assert launcher.wait() == 2
    assert one_line(launcher.output).startswith("POSTGRES_PORT: Input should be a valid integer")
