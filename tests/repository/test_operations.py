"""docs/operations.md names every metric that there is, and no other; its settings and commands are real."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator

from prometheus_client import REGISTRY

from conversation_service import commands
from tests.deploy import compose
from tests.repository.test_settings_example import fields, shown
from tests.repository.tree import ROOT, product_modules

PAGE = ROOT / "docs" / "operations.md"
_CLASSES = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}


def declared(source: str) -> Iterator[str]:
    """The names of metrics as a module declares them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CLASSES:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def registered() -> set[str]:
    """All that /metrics of any service may show of ours, as a query has to name it, histograms without their suffix."""
    names: set[str] = set()
    for module, path in product_modules().items():
        if found := set(declared(path.read_text())):
            importlib.import_module(module.removesuffix(".py").replace("/", "."))
            names |= found
    families = {family.name: family.type for family in REGISTRY.collect()}
    missing = {name for name in names if name.removesuffix("_total") not in families}
    assert not missing, f"declared, but not in the registry: {missing}"
    return {f"{name}_total" if families.get(name) == "counter" else name for name in names}


def rows(text: str) -> dict[str, list[str]]:
    """The tables' rows whose first cell is a name in backticks, by that name without its labels."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"\| `(\w+)(?:\{[\w, ]*\})?` \|", line):
            assert match[1] not in found, f"{match[1]} is there twice"
            found[match[1]] = [cell.strip() for cell in line.strip("|").split(" | ")]
    return found


def described() -> dict[str, list[str]]:
    return {name: cells for name, cells in rows(PAGE.read_text()).items() if name.islower()}


def test_every_metric_is_explained_and_every_explained_one_exists() -> None:
    assert len(described()) > 30
    assert set(described()) == registered()


def test_every_metric_says_when_to_worry_and_what_to_do() -> None:
    assert [name for name, cells in described().items() if len(cells) != 4 or not all(cells)] == []


def test_names_follow_the_practice_of_prometheus() -> None:
    wrong = [name for name in registered() if re.search(r"(_ms|_millis|_count|_sum|_bucket)$|[^a-z_]", name)]
    assert wrong == []


def test_labels_are_those_that_the_metrics_have() -> None:
    labels = {}
    for collector in set(REGISTRY._names_to_collectors.values()):
        if name := getattr(collector, "_name", ""):
            labels[name] = list(getattr(collector, "_labelnames", ()))
    for name, shown_labels in re.findall(r"^\| `(\w+)(?:\{([\w, ]*)\})?` \|", PAGE.read_text(), re.MULTILINE):
        if name.islower():
            assert labels[name.removesuffix("_total")] == [x.strip() for x in shown_labels.split(",") if x.strip()], (
                name
            )


def test_the_table_of_retention_has_every_setting_with_its_default() -> None:
    known = {name: shown(found[0].get_default()) for name, found in fields().items() if name.startswith("RETENTION_")}
    assert {name: cells[1] for name, cells in rows(PAGE.read_text()).items() if name.startswith("RETENTION_")} == known


def test_the_commands_of_docker_compose_name_services_that_there_are() -> None:
    pages = [PAGE, *(PAGE.parent / "channels").glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    stopped = [name for line in re.findall(r"docker compose stop (.+)", text) for name in line.split()]
    named = {*stopped, *re.findall(r"docker compose exec (?:-T )?(\w+)", text)}
    assert {"postgres", "conversation_service", "webhook_gateway"} <= named
    assert named <= set(compose.read())
    assert set(stopped) == {name for name, one in compose.read().items() if "SERVICE_TOKEN" in one.environment} - {
        "llm_service"  # works on no database
    }


def test_the_commands_are_understood() -> None:
    lines = re.findall(r"^python -m conversation_service (.+)$", PAGE.read_text(), re.MULTILINE)
    assert {commands.parse(shlex.split(line, comments=True)).kind for line in lines} == {
        "poison",
        "conflicts",
        "parked",
    }
