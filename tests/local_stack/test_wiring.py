"""What the launcher decides: ports, addresses, and what the services are told about proxies."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.closing_words import MODEL, OFFLINE, closing_words
from local_stack.config import StackSettings
from local_stack.data_folder import DataFolder
from local_stack.environment import joined
from local_stack.errors import StackError
from local_stack.ports import HIGHEST, choose_port, require_free
from local_stack.process_table import SERVICES, visible_to
from local_stack.wiring import Secrets, Wiring, settled, wire
from migrations.addresses import Addresses
from tests.ports import free_port

DATABASE = Addresses("postgresql://owner@db/spur", "postgresql://service@db/spur")
TOKEN, SECRET = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in StackSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def wired(**settings: object) -> Wiring:
    return wire(settled(StackSettings.model_validate(settings)), DATABASE, Secrets(TOKEN, SECRET, "s" * 32), {})


def test_a_metrics_port_is_a_hundred_above_its_services() -> None:
    port = free_port()
    assert wired(llm_service_port=port - 100).ports["LLM_SERVICE_METRICS_PORT"] == str(port)


def test_a_metrics_port_that_is_taken_or_promised_gives_way_to_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        busy = taken.getsockname()[1]
        ports = wired(llm_service_port=busy - 100, web_gateway_port=9000, conversation_service_port=9100).ports
    metrics = {name: int(port) for name, port in ports.items() if name.endswith("METRICS_PORT")}
    assert metrics["LLM_SERVICE_METRICS_PORT"] != busy
    assert metrics["WEB_GATEWAY_METRICS_PORT"] != 9100
    assert len(set(ports.values())) == len(ports)
    assert max(metrics.values()) <= HIGHEST


def test_the_senders_port_follows_the_gateways_and_gives_way_where_it_is_taken() -> None:
    port = free_port()
    assert wired(webhook_gateway_port=port - 101).ports["WEBHOOK_SENDER_METRICS_PORT"] == str(port)
    assert wired(webhook_gateway_port=port - 101, llm_service_port=port).ports["WEBHOOK_SENDER_METRICS_PORT"] != str(
        port
    )
    with socket.create_server(("127.0.0.1", port)):
        ports = wired(webhook_gateway_port=port - 101).ports
    assert ports["WEBHOOK_SENDER_METRICS_PORT"] != str(port)
    assert len(set(ports.values())) == len(ports)
    assert wired(webhook_sender_metrics_port=4711).ports["WEBHOOK_SENDER_METRICS_PORT"] == "4711"


def test_a_metrics_port_that_was_chosen_is_kept_and_zero_is_none() -> None:
    ports = wired(llm_service_metrics_port=4711, web_gateway_metrics_port=0).ports
    assert (ports["LLM_SERVICE_METRICS_PORT"], ports["WEB_GATEWAY_METRICS_PORT"]) == ("4711", "0")


@pytest.mark.parametrize(
    ("host", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("192.0.2.7", "192.0.2.7")],
)
def test_addresses_say_where_the_services_are_reached_from_here(host: str, reached: str) -> None:
    none = {f"{row.name}_metrics_port": 0 for row in SERVICES if row.metrics}
    stack = wired(host=host, webhook_sender_metrics_port=9182, **none)
    assert stack.addresses["LLM_SERVICE_ADDRESS"] == f"{reached}:9052"
    assert stack.urls["WEB_GATEWAY_URL"] == f"http://{reached}:8080"


def test_tools_get_no_session_secret() -> None:
    assert SECRET not in wired().for_tools().values()
    assert SECRET in wired().for_services().values()


def test_tools_get_the_accounts_that_are_played_as_the_gateway_does() -> None:
    tools, services = wired().for_tools(), wired().for_services()
    assert tools["WHATSAPP_ACCESS_TOKEN"] == services["WHATSAPP_ACCESS_TOKEN"]
    assert tools["PUBLIC_BASE_URL"] == services["PUBLIC_BASE_URL"]
    assert [name for name in tools if name.startswith("SIMULATOR_") and name != "SIMULATOR_URL"] == []


def test_tools_get_the_users_own_accounts_too() -> None:
    own = {"WHATSAPP_2_ACCESS_TOKEN": "w", "WHATSAPP_APP_SECRET_FILE": "/run/app", "GRAPH_API_VERSION": "v25.0"}
    stack = wire(settled(StackSettings()), DATABASE, Secrets(TOKEN, SECRET, "s" * 32), own)
    assert own.items() <= stack.for_tools().items()
    assert "WHATSAPP_PHONE_NUMBER_ID" not in stack.for_tools()
    assert "TELEGRAM_BOT_TOKEN" in stack.for_tools()


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_API_KEY_FILE"])
def test_the_closing_words_say_whether_a_model_answers(name: str) -> None:
    assert MODEL in closing_words(Path(), wired(), None, 1.0, {name: "given"})
    assert OFFLINE in closing_words(Path(), wired(), None, 1.0, {})


def test_what_is_published_is_read_by_a_shell_and_by_us_as_it_was(tmp_path: Path) -> None:
    values = {"DATABASE_URL": "postgresql://u:p@h/d?a=b&c=d", "WHATSAPP_2_ACCESS_TOKEN": "$(x) 'y' \"z\"; #"}
    folder = DataFolder(tmp_path / "data")
    folder.path.mkdir()
    folder.publish(values)
    assert folder.published() == values
    command = 'set -a; . "$1"; exec "$2" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    shell = ["/bin/sh", "-c", command, "sh", str(folder.stack_env), sys.executable]
    seen = json.loads(subprocess.run(shell, env={}, capture_output=True, text=True, check=True).stdout)
    assert values.items() <= seen.items()


def test_tools_get_both_addresses_of_the_database_and_services_only_that_of_their_own_role() -> None:
    wiring = wired()
    assert wiring.for_tools()["DATABASE_URL"] == wiring.for_services()["DATABASE_URL"] == DATABASE.service
    assert wiring.for_tools()["MIGRATIONS_DATABASE_URL"] == DATABASE.owner
    assert DATABASE.owner not in wiring.for_services().values()


def test_leftovers_of_a_killed_stack_get_time_to_end() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match="is taken"):
            require_free("127.0.0.1", {"A_PORT": port}, patience=0.2)
    require_free("127.0.0.1", {"A_PORT": port}, patience=0.2)


def test_all_ports_that_are_taken_are_named_at_once() -> None:
    with (
        socket.create_server(("127.0.0.1", free_port())) as first,
        socket.create_server(("127.0.0.1", free_port())) as second,
    ):
        ports = {"A_PORT": first.getsockname()[1], "B_PORT": free_port(), "C_PORT": second.getsockname()[1]}
        named = rf"taken: {ports['A_PORT']} \(A_PORT\), {ports['C_PORT']} \(C_PORT\)\."
        with pytest.raises(StackError, match=named):
            require_free("127.0.0.1", ports)


def test_an_address_of_another_machine_names_host() -> None:
    with pytest.raises(StackError, match=r"192\.0\.2\.1 is not an address of this machine: set HOST"):
        require_free("192.0.2.1", {"A_PORT": free_port()})
    with pytest.raises(StackError, match="No port"):
        choose_port("192.0.2.1", 9000, ())


def test_calls_between_our_services_never_take_a_configured_proxy(tmp_path: Path) -> None:
    nothing = tmp_path / ".env"
    assert "no_proxy" not in joined(nothing, {"PATH": "/bin"})
    told = joined(nothing, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal"})
    assert told["no_proxy"] == told["NO_PROXY"] == "internal,127.0.0.1,localhost,::1"


def test_a_file_of_settings_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"NAME=\xff")
    with pytest.raises(StackError, match=r"\.env cannot be read"):
        joined(tmp_path / ".env", {})


def test_a_service_sees_no_secret_of_another() -> None:
    environment = {
        "DATABASE_URL": "postgresql://…",
        "MIGRATIONS_DATABASE_URL": "postgresql://…",
        "MIGRATIONS_DATABASE_URL_FILE": "/run/url",
        "DATABASE_PASSWORD": "p" * 32,
        "POSTGRES_PASSWORD": "p" * 32,
        "OPENAI_API_KEY_FILE": "/run/key",
        "SESSION_SECRET": "s" * 32,
        "SERVICE_TOKEN": "t" * 32,
        "LOG_LEVEL": "debug",
    }
    shared = {"SERVICE_TOKEN", "LOG_LEVEL"}
    platforms = {"WHATSAPP_2_ACCESS_TOKEN": "w", "WHATSAPP_APP_SECRET_FILE": "/run/app"}
    simulated = {"SIMULATOR_WHATSAPP_APP_SECRET": "s"}
    environment |= platforms | simulated
    assert set(visible_to("llm_service", environment)) == {"OPENAI_API_KEY_FILE", *shared}
    assert set(visible_to("conversation_service", environment)) == {"DATABASE_URL", *shared}
    assert set(visible_to("web_gateway", environment)) == {"SESSION_SECRET", *shared}
    assert set(visible_to("webhook_gateway", environment)) == {*platforms, *shared}
    assert set(visible_to("webhook_sender", environment)) == {*platforms, *shared}
    assert set(visible_to("simulator", environment)) == {*simulated, *shared}
