"""docker-compose.yml says what it has to say."""

import json
import re

import pytest
from pydantic import SecretStr

from chassis.settings import ServiceSettings, load
from conversation_service.config import ConversationSettings
from llm_service.config import LlmSettings
from tests.deploy.compose import REQUIRED, Service, read, run, seconds
from tests.deploy.dockerfiles import IMAGES, ROOT, Dockerfile
from web_gateway.config import WebGatewaySettings
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS
from webhook_gateway.config import WebhookGatewaySettings
from webhook_gateway.sender.config import SenderSettings

SERVICES = read()
OURS = [name for name in SERVICES if name != "postgres"]
LASTING = [name for name in SERVICES if name != "migrations"]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "conversation_service": ConversationSettings,
    "llm_service": LlmSettings,
    "web_gateway": WebGatewaySettings,
    "webhook_gateway": WebhookGatewaySettings,
    "webhook_sender": SenderSettings,
}
PLATFORMS = {"webhook_gateway", "webhook_sender"}
# Of the first account of each channel.
ACCOUNTS = {
    variable: field
    for name, channel in CHANNELS.items()
    for variable, field in accounts.variables(name, channel.account_type).items()
}
# Where a setting is not passed on, it is because of this.
NOT_PASSED = {
    "HOST": "the image listens on all of the container's addresses",
    "CONVERSATION_SERVICE_ADVERTISE": "a container's own name is known to the others",
    "GRPC_TLS_AUTHORITY": "a file, which an override file has to mount and name",
    "GRPC_TLS_CERTIFICATE": "likewise",
    "GRPC_TLS_KEY": "likewise",
}
# What is not a setting of ours.
FOR_LIBRARIES = {"PGPASSWORD", "NO_PROXY", "no_proxy"}
SECRETS = {
    "POSTGRES_PASSWORD": {"postgres", "migrations"},
    "DATABASE_PASSWORD": {"conversation_service", "migrations"},
    "SERVICE_TOKEN": {"conversation_service", "llm_service", "web_gateway", *PLATFORMS},
    "SESSION_SECRET": {"web_gateway"},
    "SESSION_SECRET_PREVIOUS": {"web_gateway"},
    "OPENAI_API_KEY": {"llm_service"},
    **{variable: PLATFORMS for variable, field in ACCOUNTS.items() if field.annotation is SecretStr},
}


def variables(name: str) -> set[str]:
    own = {field.upper() for field in SETTINGS[name].model_fields}
    return own | set(ACCOUNTS) if name in PLATFORMS else own


def holders(services: dict[str, Service], value: str) -> set[str]:
    return {name for name, service in services.items() if value in json.dumps(service.settings)}


def test_the_file_is_valid_without_a_warning() -> None:
    result = run(REQUIRED, "--quiet")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_named_together_with_what_to_do(name: str, value: str | None) -> None:
    rest = {other: kept for other, kept in REQUIRED.items() if other != name}
    result = run(rest if value is None else {**rest, name: value}, "--quiet")

    assert result.returncode != 0
    assert f"required variable {name} is missing a value: put it into .env; make one with: openssl" in result.stderr
    assert not [other for other in rest.values() if other in result.stderr]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_outside_and_reaches_only_who_needs_it(name: str) -> None:
    services = read(**{name: "held-from-the-outside-4711"})

    assert holders(services, "held-from-the-outside-4711") == SECRETS[name]


def test_nothing_that_is_named_like_a_secret_has_a_value_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    values = re.findall(r"^ +\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*: (.+)$", text, re.MULTILINE)

    assert len(values) > len(SECRETS)
    reference = r'(?:&\w+ )?"?\$\{\w+:(?:\?[^}]+|-)\}"?|\*\w+'
    assert [value for value in values if not re.fullmatch(reference, value)] == []


@pytest.mark.parametrize("name", ["conversation_service", "migrations"])
def test_the_database_is_told_to_its_users_only(name: str) -> None:
    assert holders(SERVICES, "postgresql://") == {"conversation_service", "migrations"}
    assert SERVICES[name].environment["DATABASE_URL"] == "postgresql://spur_service@postgres:5432/spur"


def test_the_owner_of_the_tables_is_known_to_the_migrations_only() -> None:
    assert holders(SERVICES, "MIGRATIONS_DATABASE_URL") == {"migrations"}
    owner = SERVICES["migrations"].environment
    assert owner["MIGRATIONS_DATABASE_URL"] == "postgresql://spur@postgres:5432/spur"
    assert owner["PGPASSWORD"] == SERVICES["postgres"].environment["POSTGRES_PASSWORD"]
    assert owner["DATABASE_PASSWORD"] == SERVICES["conversation_service"].environment["PGPASSWORD"]
    assert owner["DATABASE_PASSWORD"] != owner["PGPASSWORD"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_may_do_as_little_as_possible(name: str) -> None:
    settings = SERVICES[name].settings
    user = settings.get("user") or Dockerfile(SERVICES[name].image).last("USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & settings.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_bounded(name: str) -> None:
    settings = SERVICES[name].settings

    assert 64 << 20 <= int(settings["mem_limit"]) <= 1 << 30
    assert settings["pids_limit"] > 0
    assert settings["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name].health_check
    assert SERVICES[name].settings["restart"] == "unless-stopped"


def test_migrations_run_once() -> None:
    assert SERVICES["migrations"].settings["restart"] == "no"
    assert SERVICES["migrations"].health_check is None


@pytest.mark.parametrize("name", OURS)
def test_our_processes_get_signals_and_time_to_drain(name: str) -> None:
    assert SERVICES[name].settings["init"] is True
    assert SERVICES[name].stop_seconds == 12


def test_postgres_keeps_its_data_where_version_18_writes_it() -> None:
    assert SERVICES["postgres"].settings["image"] == "postgres:18"
    [volume] = SERVICES["postgres"].settings["volumes"]

    assert (volume["type"], volume["target"]) == ("volume", "/var/lib/postgresql")


def test_every_dependency_is_awaited_until_it_is_of_use() -> None:
    conditions = {name: service.dependencies for name, service in SERVICES.items() if service.dependencies}

    assert conditions == {
        "migrations": {"postgres": "service_healthy"},
        "conversation_service": {
            "migrations": "service_completed_successfully",
            "llm_service": "service_healthy",
        },
        "web_gateway": {"conversation_service": "service_healthy"},
        "webhook_gateway": {"conversation_service": "service_healthy"},
        "webhook_sender": {"conversation_service": "service_healthy"},
    }


def test_only_the_services_with_a_database_share_a_network_with_it() -> None:
    reached = {name for name, service in SERVICES.items() if service.networks & SERVICES["postgres"].networks}

    assert reached == {"postgres", "migrations", "conversation_service"}


@pytest.mark.parametrize("name", OURS)
def test_every_address_is_that_of_a_service_on_a_common_network(name: str) -> None:
    service = SERVICES[name]
    for target, port in re.findall(rf"\b({'|'.join(SERVICES)}):(\d+)", json.dumps(service.environment)):
        assert service.networks & SERVICES[target].networks
        assert port in (["5432"] if target == "postgres" else Dockerfile(SERVICES[target].image).ports)


def test_only_the_gateways_are_published_and_only_to_this_machine() -> None:
    published = {name: service.settings["ports"] for name, service in SERVICES.items() if "ports" in service.settings}
    assert published.keys() == {"web_gateway", "webhook_gateway"}
    for name, inside in (("web_gateway", 8080), ("webhook_gateway", 8081)):
        [port] = published[name]
        assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", str(inside), inside)


@pytest.mark.parametrize(("name", "inside"), [("web_gateway", 8080), ("webhook_gateway", 8081)])
def test_the_published_address_is_a_setting(name: str, inside: int) -> None:
    [port] = read(PUBLISH_ADDRESS="0.0.0.0", **{f"{name.upper()}_PORT": "80"})[name].settings["ports"]

    assert (port["host_ip"], port["published"], port["target"]) == ("0.0.0.0", "80", inside)


@pytest.mark.parametrize("name", OURS)
def test_every_image_is_built_from_its_dockerfile(name: str) -> None:
    build = SERVICES[name].settings["build"]

    # No arguments: what they say stays readable in the image.
    assert build == {"context": str(ROOT), "dockerfile": f"deploy/{SERVICES[name].image}/Dockerfile"}


def test_every_image_is_used() -> None:
    assert sorted({SERVICES[name].image for name in OURS}) == IMAGES


@pytest.mark.parametrize("name", OURS)
def test_the_file_and_the_image_agree(name: str) -> None:
    service, dockerfile = SERVICES[name], Dockerfile(SERVICES[name].image)
    users = [other for other in OURS if SERVICES[other].image == service.image]

    assert service.image != name or service.health_check == dockerfile.health_check
    own = re.compile(rf"(?:{'|'.join(users).upper()})_(?:METRICS_)?PORT")
    opened = {
        value for user in users for variable, value in SERVICES[user].environment.items() if own.fullmatch(variable)
    }
    assert opened == set(dockerfile.ports)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_file_and_the_image_check_health_equally_often(name: str) -> None:
    checks = SERVICES[name].settings["healthcheck"]

    for option, value in Dockerfile(SERVICES[name].image).health_timing.items():
        assert seconds(str(checks[option.replace("-", "_")])) == seconds(value)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_that_a_person_would_tune_is_passed_on(name: str) -> None:
    wanted = {variable: f"set-{variable.lower()}" for variable in variables(name) - NOT_PASSED.keys()}
    given = read(**wanted)[name].environment
    changed = {variable for variable, value in wanted.items() if value in given[variable]}

    assert given.keys() - FOR_LIBRARIES == wanted.keys()
    fixed = {variable for variable in wanted if re.search(r"_PORT$|_ADDRESS$|^DATABASE_URL$|_DIR$", variable)}
    assert wanted.keys() - changed == fixed


def test_the_shops_own_knowledge_is_mounted_and_only_to_be_read() -> None:
    llm_service = read(KNOWLEDGE_DIR="/srv/our-shop")["llm_service"]
    [mount] = llm_service.settings["volumes"]

    assert (mount["source"], mount["target"], mount["read_only"]) == ("/srv/our-shop", "/knowledge", True)
    assert llm_service.environment["KNOWLEDGE_DIR"] == "/knowledge"
    assert SERVICES["llm_service"].environment["KNOWLEDGE_DIR"] == ""


@pytest.mark.parametrize("name", SETTINGS)
def test_what_nobody_sets_has_the_default_of_the_settings_class(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in variables(name):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in SERVICES[name].environment.items():
        monkeypatch.setenv(variable, value)
    fields = SETTINGS[name].model_fields
    settings = load(SETTINGS[name])

    stated = {variable.lower() for variable, value in SERVICES[name].environment.items() if value}
    assert {field for field in fields if getattr(settings, field) != fields[field].default} <= stated
