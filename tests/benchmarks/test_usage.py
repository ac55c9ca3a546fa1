"""What is read from /proc about processes."""

import subprocess
import sys

from benchmarks.usage import cpu_seconds, memory_mb

SPIN = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"
# Its child spins and ends, then it says so and waits.
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {SPIN.format(seconds=0.3)!r}])
held = bytearray({{size}})
print("done", flush=True)
sys.stdin.read()
"""


def running(source: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", source], stdin=-1, stdout=-1, text=True)
    assert process.stdout
    assert process.stdout.readline() == "done\n"
    return process


def test_the_time_of_a_child_that_has_ended_counts() -> None:
    with running(PARENT.format(size=0)) as process:
        assert cpu_seconds(process.pid) >= 0.3


def test_the_time_of_a_grandchild_that_still_runs_counts() -> None:
    inner = SPIN.format(seconds=0.3) + 'print("done", flush=True)\nimport sys; sys.stdin.read()'
    outer = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {inner!r}])"
    with running(outer) as process:
        assert cpu_seconds(process.pid) >= 0.3


def test_memory_is_what_a_process_holds() -> None:
    with running(PARENT.format(size=1)) as small, running(PARENT.format(size=50_000_000)) as large:
        assert 40 < memory_mb(large.pid) - memory_mb(small.pid) < 60


def test_a_process_that_is_gone_uses_nothing() -> None:
    with running(PARENT.format(size=0)) as process:
        process.communicate("")
    assert cpu_seconds(process.pid) == 0
    assert memory_mb(process.pid) == 0
