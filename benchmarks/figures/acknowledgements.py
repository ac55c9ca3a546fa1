"""How fast messaging platforms get their acknowledgement, against what Postgres alone does with the same statement."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.load.webhooks import ACCOUNT
from benchmarks.model_stub import Pace
from benchmarks.pgbench import record_script, transactions_per_second
from benchmarks.processes import end_all
from benchmarks.product import Product, migrate
from benchmarks.rounds import Round, by_process, generator_share, percentile, run
from benchmarks.stage import OURS, Side, Stage

_LINES = {
    "rate_1": Line("acknowledgements a second, 1 in flight, to pgbench", "1/s"),
    "rate_64": Line(
        "acknowledgements a second, 64 in flight, to pgbench", "1/s", "at least 0.2x, better 0.35x", 0.2, True
    ),
    "cpu_64": Line("CPU of an acknowledgement, 64 in flight", "ms"),
    "batch": Line("a webhook of 1,000 messages until its acknowledgement", "s", "at most 1 s", 1.0, absolute=True),
    "slow_p50": Line(
        "acknowledgement while model and platform are slow, p50", "ms", "at most 250 ms", 250, absolute=True
    ),
    "slow_p99": Line(
        "acknowledgement while model and platform are slow, p99", "ms", "at most 1 s", 1000, absolute=True
    ),
}
_SECRET = "0f3c6f9ab1d24c8e"
_INBOUND = ("conversation_service", "webhook_gateway")
_EVERYTHING = ("llm_service", *_INBOUND, "webhook_gateway.sender")


def measure(stage: Stage) -> dict[str, Value]:
    """First without answers, as for Receive; then with all services, a slow model and a platform that hangs."""
    with _running(stage, "acknowledging", _INBOUND, GATHER_SECONDS="60", GATHER_LIMIT_SECONDS="120") as (side, url):
        values = _rates(stage, side, url)
        batches = [run(stage, side, _plan(side, 1, 0.1, messages=1000)) for _ in range(1 if stage.quick else 5)]
        values["batch"] = Value(median(seconds for each in batches for seconds in each.outcome.latencies))
    stage.pace(Pace(delay=10))
    with _hanging_platform() as address, _running(stage, "slow", _EVERYTHING, GRAPH_API_BASE_URL=address) as (side, _):
        done = run(stage, side, _plan(side, 16, 1.0 if stage.quick else 20.0, pause=0.1))
    values["slow_p50"] = Value(median(done.milliseconds))
    values["slow_p99"] = Value(percentile(done.milliseconds, 0.99), note=f"{done.outcome.turns} webhooks")
    return values


def _rates(stage: Stage, side: Side, url: str) -> dict[str, Value]:
    seconds, rounds = (1.0, 1) if stage.quick else (3.0, 3)
    script = stage.folder / "acknowledge.sql"
    script.write_text(record_script())
    values: dict[str, Value] = {}
    ours: list[Round] = []
    for clients, transactions in ((1, 50), (64, 5)) if stage.quick else ((1, 1000), (64, 64)):
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(run(stage, side, _plan(side, clients, seconds)))
            theirs.append(transactions_per_second(stage.postgres, url, script, clients, transactions))
            time.sleep(0.1)
        values[f"rate_{clients}"] = compared([each.turns_per_second for each in ours], theirs, generator_share(ours))
    return {**values, "cpu_64": Value(median(each.cpu_ms_per_turn for each in ours), note=by_process(ours))}


def _plan(side: Side, in_flight: int, seconds: float, messages: int = 1, pause: float = 0.0) -> Plan:
    return Plan("webhooks", side.port, in_flight, seconds, pause, turns=messages, token=_SECRET)


@contextmanager
def _running(stage: Stage, name: str, services: tuple[str, ...], **settings: str) -> Iterator[tuple[Side, str]]:
    url = stage.new_database(name)
    migrate(url)
    account = {
        "WHATSAPP_PHONE_NUMBER_ID": ACCOUNT,
        "WHATSAPP_ACCESS_TOKEN": "bench",
        "WHATSAPP_APP_SECRET": _SECRET,
        "WHATSAPP_VERIFY_TOKEN": "bench",
    }
    product = Product(url, stage.model_port, stage.folder, **account, **settings)
    try:
        product.start(services)
        yield Side(OURS, product.webhook_port, {child.name: child.pid for child in product.children}), url
    finally:
        end_all(product.children)


@contextmanager
def _hanging_platform() -> Iterator[str]:
    """Accepts connections, and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1000)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


FIGURE = Figure(
    "acknowledgements",
    "WhatsApp's webhooks to the webhook gateway, signed, one message of somebody new each (the batch: a thousand), "
    "until the answer, which comes after COMMIT; beside pgbench as for Receive, though recording somebody new takes "
    "more than that one statement. The last two lines with all services, sixteen webhooks in flight, a model that "
    "takes ten seconds and a platform that takes connections and never answers.",
    _LINES,
    measure,
)
