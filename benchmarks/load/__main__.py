"""Runs the plan in the first line of input: says "ready", begins at the next line, and prints the outcome as JSON."""

import asyncio
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

import uvloop

from benchmarks.load.idle import Idle
from benchmarks.load.plan import Outcome, Plan
from benchmarks.load.receive import Receive
from benchmarks.load.turns import Turns
from benchmarks.load.webhooks import Webhooks
from benchmarks.usage import allow_many_files


class Kind(Protocol):
    """One way to make load."""

    async def prepare(self) -> None: ...

    async def run(self) -> Outcome: ...


KINDS: dict[str, Callable[[Plan], Kind]] = {"turns": Turns, "idle": Idle, "receive": Receive, "webhooks": Webhooks}


async def main(plan: Plan) -> None:
    async with asyncio.timeout(plan.limit):
        kind = KINDS[plan.kind](plan)
        await kind.prepare()
        before = _own_seconds()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        outcome = await kind.run()
    outcome.cpu_seconds = _own_seconds() - before
    print(json.dumps(asdict(outcome)), flush=True)


def _own_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(main(Plan(**json.loads(sys.stdin.readline()))))
