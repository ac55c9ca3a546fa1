"""The figures, one module each, in the order in which `make bench` runs them."""

from benchmarks.figure import Figure
from benchmarks.figures import turns

FIGURES: dict[str, Figure] = {figure.name: figure for figure in (turns.FIGURE,)}
