"""What the figures were measured on."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks import monolith_server
from local_stack.postgres_home import VERSION

# Processes that wanted to run in the minute before, others' work: what a shared machine adds to every figure.
LOAD = "load of the machine before"


def describe() -> dict[str, str]:
    """Cores, processor, kernel and versions; names nobody's machine."""
    missing = monolith_server.obstacle()
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": str(os.cpu_count()),
        "processor": _first("/proc/cpuinfo", "model name"),
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1_048_576:.0f} GB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgres": VERSION,
        "grpcio": version("grpcio"),
        "node": missing or monolith_server.node_version(),
        LOAD: f"{os.getloadavg()[0]:.1f}",
    }


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
