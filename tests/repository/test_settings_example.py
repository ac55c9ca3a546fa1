""".env.example lists every setting there is, with a true default, and works as it stands."""

import importlib
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from chassis.settings import Settings
from tests.repository.tree import PRODUCT, ROOT
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS

EXAMPLE = ROOT / ".env.example"
# What docker-compose.yml reads for itself or for the migrations, and no service does.
ONLY_COMPOSE = {"DATABASE_PASSWORD", "POSTGRES_PASSWORD", "PUBLISH_ADDRESS"}
# Passed through as every tool does; not ours to explain.
COMMON = {"NO_PROXY"}


@dataclass(frozen=True)
class Entry:
    """One variable of the example: the line above it, and what stands behind its `=`."""

    comment: str
    value: str

    def default(self) -> str | None:
        found = re.search(r" Default: (\S+)\.$", self.comment)
        return found[1] if found else None


def entries(text: str) -> dict[str, Entry]:
    """Every variable, which has to have one line of comment above it."""
    lines = ["", *text.splitlines()]
    found: dict[str, Entry] = {}
    for above, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert re.fullmatch("[A-Z][A-Z0-9_]*", name), f"no variable: {line}"
            assert name not in found, f"{name} is there twice"
            found[name] = Entry(above, value)
    return found


def settings_classes() -> list[type[BaseSettings]]:
    """Those of every config.py that is deployed or started."""
    packages = [*PRODUCT, "webhook_gateway.sender"]
    modules = [f"{name}.config" for name in packages if (ROOT / name.replace(".", "/") / "config.py").exists()]
    for module in modules:
        importlib.import_module(module)
    return [found for found in _subclasses(Settings) if found.__module__ in modules]


def _subclasses(parent: type[BaseSettings]) -> list[type[BaseSettings]]:
    return [found for child in parent.__subclasses__() for found in (child, *_subclasses(child))]


def fields() -> dict[str, list[FieldInfo]]:
    """Every variable, as each class that reads it describes it; of a platform's accounts those of the first."""
    found: dict[str, list[FieldInfo]] = {}
    for settings in settings_classes():
        for name, field in settings.model_fields.items():
            found.setdefault(name.upper(), []).append(field)
    for name, channel in CHANNELS.items():
        for variable, field in accounts.variables(name, channel.account_type).items():
            found.setdefault(variable, []).append(field)
    return found


def compose_variables() -> dict[str, str | None]:
    """What docker-compose.yml takes from .env, with its defaults."""
    path = ROOT / "docker-compose.yml"
    text = path.read_text() if path.exists() else ""
    used = re.findall(r"\$\{(\w+)(?::([-?+])([^}]*))?\}", text)
    defaults: dict[str, str | None] = {name: None for name, *_ in used}
    defaults.update({name: default for name, kind, default in used if kind == "-" and default})
    return defaults


def shown(value: object) -> str | None:
    """A default as one would write it into .env; None where there is none to be written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SecretStr) or value is None or value in ("", ()):
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def mistakes(text: str, described: Mapping[str, list[FieldInfo]], others: Mapping[str, str | None]) -> list[str]:
    """How an example differs from what the classes and docker-compose.yml read."""
    listed, known = entries(text), {*described, *others}
    found = [f"{name} is missing" for name in known - set(listed)]
    for name, entry in listed.items():
        if name not in known:
            found.append(f"{name} is read by nobody")
            continue
        defaults = {shown(field.get_default()) for field in described.get(name, []) if not field.is_required()}
        defaults = (defaults if name in described else {others[name]}) - {None}
        if {entry.default()} - {None} != defaults:
            found.append(f"{name} has the default {defaults or 'none'}, not {entry.default()}")
        if not re.fullmatch(r"# \S.{9,116}[.]", entry.comment):
            found.append(f"{name} has no line that explains it: {entry.comment!r}")
        if entry.value:
            found.append(f"{name} is not empty")
    return sorted(found)


def test_the_example_is_what_the_settings_are() -> None:
    only_compose = {name: default for name, default in compose_variables().items() if name in ONLY_COMPOSE}
    found = mistakes(EXAMPLE.read_text(), fields(), only_compose)
    assert not found, "\n".join(found)


def test_compose_passes_on_only_what_somebody_reads_and_with_the_same_defaults() -> None:
    described = fields()
    for name, default in compose_variables().items():
        if name in ONLY_COMPOSE | COMMON:
            continue
        assert name in described, f"docker-compose.yml passes {name}, which nobody reads"
        known = {shown(field.get_default()) for field in described[name] if not field.is_required()}
        assert default in {None, *known} or "/" in default, f"docker-compose.yml has {name} default to {default}"


def test_the_settings_of_all_packages_were_looked_at() -> None:
    names = {settings.__name__ for settings in settings_classes()}
    assert {"ConversationSettings", "LlmSettings", "WebGatewaySettings", "StackSettings"} <= names


def test_each_variable_stands_in_a_group_with_a_heading() -> None:
    heading, count = "", Counter[str]()
    for line in EXAMPLE.read_text().splitlines():
        heading = line if line.startswith("## ") else heading
        count[heading] += "=" in line and not line.startswith("#")
    assert count[""] == 0
    assert len(count) > 5
    assert min(number for group, number in count.items() if group) > 1


def test_services_agree_about_the_defaults_that_they_share() -> None:
    for name, described in fields().items():
        defaults = {shown(field.get_default()) for field in described if not field.is_required()} - {None}
        assert len(defaults) <= 1, f"{name}: {defaults}"


@pytest.mark.parametrize(
    ("example", "mistake"),
    [
        ("", ["API_KEY is missing", "API_PORT is missing"]),
        ("# The key of the API.\nAPI_KEY=\n", ["API_PORT is missing"]),
        (
            "# The key of the API.\nAPI_KEY=hunter2\n# The port of the API. Default: 9051.\nAPI_PORT=\n",
            ["API_KEY is not empty"],
        ),
        (
            "# The key of the API.\nAPI_KEY=\n# The port of the API. Default: 9052.\nAPI_PORT=\n",
            ["API_PORT has the default {'9051'}, not 9052"],
        ),
        (
            "# The key of the API.\nAPI_KEY=\n# The port of the API.\nAPI_PORT=\n",
            ["API_PORT has the default {'9051'}, not None"],
        ),
        (
            "# The key of the API. Default: hunter2.\nAPI_KEY=\n# The port of the API. Default: 9051.\nAPI_PORT=\n",
            ["API_KEY has the default none, not hunter2"],
        ),
        (
            "API_KEY=\n# The port of the API. Default: 9051.\nAPI_PORT=\n# Whatever it may be.\nAPI_HOST=\n",
            ["API_HOST is read by nobody", "API_KEY has no line that explains it: ''"],
        ),
    ],
)
def test_an_example_that_differs_is_noticed(example: str, mistake: list[str]) -> None:
    described = {"API_KEY": [FieldInfo(annotation=SecretStr)], "API_PORT": [FieldInfo(annotation=int, default=9051)]}
    assert mistakes(example, described, {}) == mistake


def test_a_copy_of_the_example_is_as_good_as_no_file(tmp_path: Path) -> None:
    program = """
from pathlib import Path
import os, sys
from chassis.settings import load
from local_stack.config import StackSettings
from local_stack.environment import joined
os.environ.update(joined(Path(sys.argv[1]), {"SPUR_DATA_DIR": "elsewhere"}))
print(repr(load(StackSettings)))
"""
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    with_it, without = (
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / name)],
            cwd=ROOT,
            env={"PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in (".env", "no.env")
    )
    assert with_it == without
    assert "elsewhere" in with_it


def test_the_settings_of_every_service_can_be_read_from_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the required ones are filled in."""
    secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    for name, entry in entries(EXAMPLE.read_text()).items():
        monkeypatch.setenv(name, entry.value)
    for name, described in fields().items():
        if any(field.is_required() for field in described):
            monkeypatch.setenv(name, secret)
    for settings in settings_classes():
        assert settings()


def test_a_copy_of_the_example_turns_no_channel_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHANNELS
    for name, entry in entries(EXAMPLE.read_text()).items():
        monkeypatch.setenv(name, entry.value)
    assert accounts.configured(CHANNELS) == {}
