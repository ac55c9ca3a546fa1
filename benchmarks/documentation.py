"""Keeps the figures of the last runs: docs/benchmarks.json, and the part of docs/benchmarks.md that is made of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Value
from benchmarks.machine import LOAD
from benchmarks.report import COLUMNS, cells

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- written by make bench: from here -->", "<!-- written by make bench: to here -->"


def record(
    machine: Mapping[str, str],
    figures: Mapping[str, Figure],
    results: Mapping[str, Mapping[str, Value]],
    page: Path = PAGE,
) -> None:
    """Put these figures in the place of their last ones; others stay as they were."""
    data = page.with_suffix(".json")
    kept = json.loads(data.read_text(encoding="utf-8")) if data.exists() else {}
    for name, values in results.items():
        kept[name] = {"machine": dict(machine), "values": {key: asdict(value) for key, value in values.items()}}
    data.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    written = f"{_BEGIN}\n\n{render(figures, kept)}\n{_END}"
    page.write_text(before + written + rest.partition(_END)[2], encoding="utf-8")


def render(figures: Mapping[str, Figure], kept: Mapping[str, Any]) -> str:
    """Markdown; the table's rows are the figures' lines in their order."""
    rows, meanings, machines = [list(COLUMNS)], [], dict[str, list[str]]()
    for name, figure in figures.items():
        if name not in kept:
            continue
        values = {key: Value(**kept[name]["values"][key]) for key in figure.lines if key in kept[name]["values"]}
        rows += [cells(figure.lines[key], value) for key, value in values.items()]
        notes = [f"- {figure.lines[key].what}: {value.note}" for key, value in values.items() if value.note]
        meanings += [f"**{name}.** {figure.about}", *(["\n".join(notes)] if notes else [])]
        machine, load = _machine(kept[name]["machine"])
        machines.setdefault(machine, []).append(f"{name} ({load})" if load else name)
    on = "\n".join(f"- {', '.join(names)}: {machine}." for machine, names in machines.items())
    return "\n\n".join([_table(rows), "### Where", on, "### What they mean", *meanings]) + "\n"


def _machine(facts: Mapping[str, str]) -> tuple[str, str]:
    """What is the same for all figures of a run, and what is not."""
    load = f"load {facts[LOAD]}" if LOAD in facts else ""
    return "; ".join(f"{what}: {value}" for what, value in facts.items() if what != LOAD), load


def _table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
