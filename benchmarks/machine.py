"""What the figures were measured on."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks import monolith_server
from local_stack.postgres_home import VERSION


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
        "load of the machine before": f"{os.getloadavg()[0]:.1f}",
    }


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
