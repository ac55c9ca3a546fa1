"""Memory: threads share few heaps, and what is there for good is not collected."""

import subprocess
import sys

HEAPS = """
import ctypes, gc, threading
from chassis import memory
{bound}
memory.settle()
assert gc.get_freeze_count() > 1000
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
done = threading.Event()
threads = [threading.Thread(target=lambda: (libc.malloc(5000), done.wait())) for _ in range(20)]
for thread in threads: thread.start()
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
done.set()
"""


def heaps(bound: str) -> int:
    """Of a process with twenty threads."""
    run = subprocess.run(
        [sys.executable, "-c", HEAPS.format(bound=bound)], capture_output=True, text=True, timeout=30, check=True
    )
    return run.stdout.count("<heap nr=")


def test_many_threads_share_two_heaps() -> None:
    assert heaps("memory.bound_heaps()") <= 2 < heaps("")
