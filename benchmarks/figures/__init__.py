"""The figures, one module each, in the order in which `make bench` runs them."""

from benchmarks.figure import Figure
from benchmarks.figures import (
    acknowledgements,
    chain,
    first_token,
    flatness,
    floor,
    idle,
    latency,
    memory,
    receive,
    stream_cpu,
    turns,
)

_ALL = (turns, floor, chain, receive, acknowledgements, latency, first_token, memory, idle, stream_cpu, flatness)
FIGURES: dict[str, Figure] = {module.FIGURE.name: module.FIGURE for module in _ALL}
