"""The figures, the page that keeps the last ones, and the table."""

import json
import re
from pathlib import Path

from benchmarks import documentation
from benchmarks.figure import Line, Value, compared, is_met
from benchmarks.figures import FIGURES
from benchmarks.report import table

LINES = [line.what for figure in FIGURES.values() for line in figure.lines.values()]
MODULES = Path(documentation.__file__).parent / "figures"


def test_every_module_under_figures_is_registered_under_its_name() -> None:
    assert sorted(FIGURES) == sorted(path.stem for path in MODULES.glob("[!_]*.py"))


def test_no_two_lines_are_called_the_same() -> None:
    assert len(LINES) == len(set(LINES))


def test_the_page_keeps_a_row_for_every_line_and_says_what_it_means() -> None:
    page = documentation.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \|(?:[^|]*\|){6}$", page, re.MULTILINE)
    assert rows[1:] == LINES  # the first one is the head
    for figure in FIGURES.values():
        assert f"**{figure.name}.** {figure.about}" in page


def test_the_page_is_made_of_the_figures_beside_it() -> None:
    kept = json.loads(documentation.PAGE.with_suffix(".json").read_text(encoding="utf-8"))
    assert documentation.render(FIGURES, kept) in documentation.PAGE.read_text(encoding="utf-8")


def test_a_recorded_run_replaces_its_own_figures_only(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(documentation.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    values = {name: {key: Value(1.0, 2.0, 0.5) for key in figure.lines} for name, figure in FIGURES.items()}
    documentation.record({"kernel": "of May"}, FIGURES, values, page)
    assert page.read_text(encoding="utf-8").count("kernel: of May") == 1
    documentation.record({"kernel": "of June"}, FIGURES, {"idle": {"cpu": Value(77.0)}}, page)
    text = page.read_text(encoding="utf-8")
    assert "- idle: kernel: of June." in text
    assert text.count("kernel: of May") == 1
    assert "| 77.0 |" in text
    assert text.startswith("# Benchmarks")
    assert text.count("| figure |") == 1


def test_the_ratio_is_the_median_of_rounds_side_by_side_and_not_that_of_the_medians() -> None:
    value = compared([1.0, 10.0, 100.0], [10.0, 1.0, 20.0])
    assert (value.ours, value.theirs, value.ratio) == (10.0, 10.0, 5.0)
    assert compared([3.0, 1.0, 2.0], []).ratio is None


def test_a_goal_is_met_from_its_own_side_only() -> None:
    at_most, at_least = Line("a", "ms", "", 1.5), Line("b", "1/s", "", 1.5, at_least=True)
    below, above = Value(1.0, 1.0, 1.4), Value(1.0, 1.0, 1.6)
    assert [is_met(at_most, below), is_met(at_most, above)] == [True, False]
    assert [is_met(at_least, below), is_met(at_least, above)] == [False, True]
    assert is_met(Line("c", "MB", "", 350, absolute=True), Value(351.0, 900.0, 0.4)) is False
    assert is_met(at_most, Value(1.0)) is None


def test_the_table_says_what_is_missed() -> None:
    shown = table(FIGURES, {"idle": {"cpu": Value(7.5, note="most of it elsewhere")}})
    assert "7.50  -" in shown
    assert "NO" in shown
    assert "most of it elsewhere" in shown
