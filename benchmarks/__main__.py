"""`python -m benchmarks [--quick] [--record] [figure...]`, which `make bench` runs: measures and tells."""

import argparse
import sys
from pathlib import Path

from benchmarks.documentation import PAGE, record
from benchmarks.figure import Value
from benchmarks.figures import FIGURES
from benchmarks.machine import describe
from benchmarks.processes import BenchmarkError
from benchmarks.report import table, write_json
from benchmarks.stage import Stage, stage
from local_stack.errors import StackError
from local_stack.progress import Progress
from local_stack.stopping import StopRequested, StopSignals

SIMULATED = (
    "Simulated: the model (a stub on this machine) and the customers (a load generator on this machine); neither's"
    " CPU counts. Real: everything else, with durable commits."
)


def main() -> int:
    """0: measured. 1: something was in the way, or somebody stopped it."""
    stops = StopSignals()
    options = _options()
    machine = describe()
    results: dict[str, dict[str, Value]] = {}
    try:
        with stage(options.quick) as set_up:
            if set_up.missing:
                print(f"  {set_up.missing}; its column stays empty.")
            measured = [_measured(set_up, name, results) for name in options.figures or FIGURES]
            stops.hold()
    except StackError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except StopRequested:
        print(f"\n  Stopped.\n{table(FIGURES, results) if results else ''}")
        return 1
    print(f"\n{table(FIGURES, results)}\n\n{SIMULATED}")
    write_json(options.json, machine, results)
    print(f"Written to {options.json}.")
    if options.record:
        record(machine, FIGURES, results)
        print(f"Recorded in {PAGE}.")
    return 0 if all(measured) else 1


def _measured(set_up: Stage, name: str, results: dict[str, dict[str, Value]]) -> bool:
    progress = Progress()
    try:
        with progress.step(name):
            results[name] = FIGURES[name].measure(set_up)
    except BenchmarkError as error:
        progress.note(f"{name}: {error}")
        return False
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"some of: {', '.join(FIGURES)}")
    parser.add_argument("--quick", action="store_true", help="rounds of a second, only to see that everything runs")
    parser.add_argument("--json", type=Path, default=Path(".spur/benchmarks.json"), help="where the figures go")
    parser.add_argument("--record", action="store_true", help="keep the figures in docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.figures) - FIGURES.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    if options.record and options.quick:
        parser.error("--record keeps figures that mean something: leave out --quick")
    return options


if __name__ == "__main__":
    sys.exit(main())
