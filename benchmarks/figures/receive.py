"""How many webhook messages are acknowledged, against what Postgres alone does with the same statement."""

import time
from statistics import median

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.pgbench import record_script, transactions_per_second
from benchmarks.processes import end_all
from benchmarks.product import Product, migrate
from benchmarks.rounds import Round, by_process, generator_share, run
from benchmarks.stage import OURS, Side, Stage

_LINES = {
    "rate_1": Line("Receive a second, 1 in flight, to pgbench", "1/s"),
    "rate_64": Line("Receive a second, 64 in flight, to pgbench", "1/s", "at least 0.35x", 0.35, at_least=True),
    "cpu_64": Line("CPU of a Receive, 64 in flight", "ms"),
}


def measure(stage: Stage) -> dict[str, Value]:
    """A service of its own, which gathers for a minute: nothing is answered while it is measured."""
    seconds, rounds = (1.0, 1) if stage.quick else (3.0, 3)
    url = stage.new_database("receiving")
    migrate(url)
    script = stage.folder / "record.sql"
    script.write_text(record_script())
    product = Product(url, 1, stage.folder, GATHER_SECONDS="60", GATHER_LIMIT_SECONDS="120")
    try:
        product.start(("conversation_service",))
        side = Side(OURS, product.receive_port, {child.name: child.pid for child in product.children})
        values: dict[str, Value] = {}
        for clients, transactions in ((1, 50), (64, 5)) if stage.quick else ((1, 1000), (64, 64)):
            plan = Plan("receive", side.port, in_flight=clients, seconds=seconds, token=product.token)
            ours: list[Round] = []
            theirs: list[float] = []
            for _ in range(rounds):
                ours.append(run(stage, side, plan))
                theirs.append(transactions_per_second(stage.postgres, url, script, clients, transactions))
                time.sleep(0.1)
            values[f"rate_{clients}"] = compared(
                [each.turns_per_second for each in ours], theirs, generator_share(ours)
            )
        costs = median(each.cpu_ms_per_turn for each in ours)
        return {**values, "cpu_64": Value(costs, note=by_process(ours))}
    finally:
        end_all(product.children)


FIGURE = Figure(
    "receive",
    "Calls of Receive over gRPC, one message of a new conversation each, beside pgbench, which executes the statement "
    "that the service records it with, word for word and with values of the same kind, in the same database with as "
    "many clients. The load generator is in Python and takes its part of the same cores; pgbench hardly any.",
    _LINES,
    measure,
)
