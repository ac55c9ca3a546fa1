"""Runs the load generator from the driver's side: waits until it is connected, sets it off, takes its outcome."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from benchmarks.load.plan import Outcome, Plan
from benchmarks.processes import BenchmarkError, environment
from local_stack.tether import tethered

ROOT = Path(__file__).parents[1]


class Generator:
    """A context: on leaving it the generator is ended, whatever it was doing."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            tethered([sys.executable, "-m", "benchmarks.load"], signal.SIGKILL),
            env=environment(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._send(json.dumps(asdict(plan)))

    def __enter__(self) -> "Generator":
        if self._read_line() != "ready\n":
            raise self._failure()
        return self

    def begin(self) -> None:
        """Everything is connected: set it off."""
        self._send("")

    def outcome(self, strict: bool = True) -> Outcome:
        """Wait for the end. If `strict`, raises BenchmarkError where requests failed: their cost is not a turn's."""
        line = self._read_line()
        if not line:
            raise self._failure()
        outcome = Outcome(**json.loads(line))
        if outcome.failures and (strict or not outcome.latencies):
            raise BenchmarkError(f"{len(outcome.failures)} requests failed, the first with {outcome.failures[0]}")
        if outcome.fallbacks and strict:
            raise BenchmarkError(f"{outcome.fallbacks} answers were not the model's")
        return outcome

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _send(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read_line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def _failure(self) -> BenchmarkError:
        self._process.kill()
        said = self._process.communicate()[1].strip().splitlines()
        return BenchmarkError(f"the load generator failed: {said[-1] if said else 'it said nothing'}")
