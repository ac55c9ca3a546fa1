"""What processes have used of the machine, read from /proc: processor time and proportional memory."""

import contextlib
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all below it, with that of children that have ended."""
    return sum(sum(int(part) for part in _stat(member)[11:15]) for member in _tree(pid)) / _TICKS


def cpu_by_name(pids: Mapping[str, int]) -> dict[str, float]:
    """`cpu_seconds` of each."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and all below it: what they share is counted once."""
    return sum(_pss(member) for member in _tree(pid)) / 1024


def descendants(pid: int) -> list[int]:
    """The processes below `pid`."""
    return [member for member in _tree(pid) if member != pid]


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in _listed(Path(f"/proc/{pid}/task")):
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold anything; none where the process has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return float(next((line.split()[1] for line in lines if line.startswith("Pss:")), 0))


def allow_many_files() -> None:
    """Thousands of connections need as many descriptors; the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
