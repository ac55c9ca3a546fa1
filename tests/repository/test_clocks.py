"""Leases, deadlines and windows go by the database's clock: a service's own may be wrong, and jump."""

import ast

import pytest

from tests.repository.tree import product_modules

# Whoever claims, renews, finishes or sends. What is waited for inside a process goes by the monotonic clock.
CLOCKLESS = ("conversation_service/", "webhook_gateway/sender/")
_OF_THE_WALL = {
    "time",
    "time_ns",
    "now",
    "utcnow",
    "today",
    "localtime",
    "gmtime",
    "GetCurrentTime",
    "SetToCurrentTime",
}
_OWNERS = {"time", "datetime", "date"}


def readings(source: str) -> list[str]:
    """Where a module asks what time it is."""
    return [found for node in ast.walk(ast.parse(source)) if (found := _reading(node))]


def _reading(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return ", ".join(name.name for name in node.names if name.name in _OF_THE_WALL)
    if not isinstance(node, ast.Attribute) or node.attr not in _OF_THE_WALL:
        return ""
    owner = node.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return f"{name}.{node.attr}" if name in _OWNERS or node.attr.endswith("CurrentTime") else ""


def test_who_claims_and_sends_asks_no_clock_of_its_own() -> None:
    modules = {name: path for name, path in product_modules().items() if name.startswith(CLOCKLESS)}
    assert len(modules) > 50
    assert {name: found for name, path in modules.items() if (found := readings(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.time()", ["time.time"]),
        ("from time import time, monotonic", ["time"]),
        ("from datetime import datetime\ndatetime.now(UTC)", ["datetime.now"]),
        ("import datetime\ndatetime.datetime.utcnow()", ["datetime.utcnow"]),
        ("event.received_at.GetCurrentTime()", ["received_at.GetCurrentTime"]),
        ("import time\ntime.monotonic()", []),
        ("row.time()", []),
    ],
)
def test_the_search_itself_finds_what_it_is_for(source: str, found: list[str]) -> None:
    assert readings(source) == found
