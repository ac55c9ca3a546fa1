"""`python -m tests.forking DESCRIPTOR`: forks the processes that are asked for over a socket, until its end.

Nothing of ours is loaded before a fork, nor what minds one: gRPC, and prometheus_client, which reads the environment.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any

from local_stack.tether import PR_SET_PDEATHSIG

LIBRARIES = (
    "argparse",
    "asyncio",
    "openai",
    "psycopg2.extras",
    "peewee",
    "pydantic",
    "pydantic_settings",
    "requests",
    "structlog",
    "uvloop",
)


def serve(descriptor: int) -> str:
    """Answers requests; returns "" at their end, and in a process that was forked the name of the module to run."""
    with socket.socket(fileno=descriptor) as requests, requests.makefile("r") as lines:
        for line in lines:
            request = json.loads(line)
            if "collect" in request:
                answer = os.waitstatus_to_exitcode(os.waitpid(request["collect"], 0)[1])
            elif not (answer := _forked(request)):
                return str(request["module"])
            requests.sendall(json.dumps(answer).encode() + b"\n")
    return ""


def _forked(request: dict[str, Any]) -> int:
    """The number of a process that has a session of its own by now; 0 in that process itself."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid:
        os.close(told)
        os.read(ready, 1)
        os.close(ready)
        return pid
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    for descriptor in (log, ready, told):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    return 0


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # what is shared is not to be copied for the collector's marks
    if module := serve(int(sys.argv[1])):
        gc.unfreeze()
        del sys.argv[1:]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
