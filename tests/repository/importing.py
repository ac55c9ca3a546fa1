"""`python -m tests.repository.importing FOLDER MODULE …`: imports them and says which ones do more than define things.

Connections, threads, processes and gRPC channels are refused while a module under FOLDER runs. What a library does
while *it* is imported (urllib3 looks whether there is IPv6) is its own matter and goes through.
"""

import importlib
import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

import grpc
import grpc.aio
import psycopg2

_MACHINERY = (__file__, "<frozen")

_FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (socket.socket, "bind"),
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (socket.socket, "listen"),
    (socket, "getaddrinfo"),
    (threading.Thread, "start"),
    (subprocess.Popen, "__init__"),
    (os, "fork"),
    (grpc, "insecure_channel"),
    (grpc, "secure_channel"),
    (grpc.aio, "insecure_channel"),
    (grpc.aio, "secure_channel"),
    (grpc.aio, "server"),
    (psycopg2, "connect"),
)


def main(folder: str, modules: list[str]) -> int:
    for owner, name in _FORBIDDEN:
        setattr(owner, name, _guard(folder, f"{owner.__name__}.{name}", getattr(owner, name)))
    exit_code = 0
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception:  # noqa: BLE001 - whatever it is, the next one is tried as well
            exit_code = 1
            print(f"{module}:\n{traceback.format_exc()}")
    return exit_code


def _guard(folder: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if _runs_below(folder, sys._getframe(1)):
            raise RuntimeError(f"{name} was called while a module was imported")
        return original(*args, **kwargs)

    return guarded


def _runs_below(folder: str, frame: FrameType | None) -> bool:
    """Whether the module that is being run, the innermost one, is in the folder."""
    while frame:
        path = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and not path.startswith(_MACHINERY):
            return path.startswith(folder) and "site-packages" not in path
        frame = frame.f_back
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
