"""The results as a table for the terminal and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.figure import Figure, Line, Value, is_met

COLUMNS = ("figure", "unit", "spur", "other", "ratio", "goal", "met")
Results = Mapping[str, Mapping[str, Value]]


def table(figures: Mapping[str, Figure], results: Results) -> str:
    """One line a value, and the notes below."""
    rows = [list(COLUMNS)]
    notes = []
    for name, values in results.items():
        for key, value in values.items():
            line = figures[name].lines[key]
            rows.append(cells(line, value))
            if value.note:
                notes.append(f"  {line.what}: {value.note}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", *notes])


def cells(line: Line, value: Value) -> list[str]:
    """What the table says of one value."""
    met = {True: "yes", False: "NO", None: ""}[is_met(line, value)]
    ratio = "" if value.ratio is None else f"{value.ratio:.2f}x"
    return [line.what, line.unit, number(value.ours), number(value.theirs), ratio, line.goal, met]


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "-"
    return (
        f"{value:.0f}"
        if abs(value) >= 100 or isinstance(value, int)
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
    )


def write_json(path: Path, machine: Mapping[str, str], results: Results) -> None:
    """For programs; the ratios are those of the table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {name: {key: asdict(value) for key, value in values.items()} for name, values in results.items()}
    path.write_text(json.dumps({"machine": machine, "figures": figures}, indent=2) + "\n")
