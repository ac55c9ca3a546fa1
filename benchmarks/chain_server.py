"""The chain's side: benchmarks/chain as three kinds of processes, in the form in which Spur runs."""

import sys
from contextlib import closing, suppress
from pathlib import Path
from socket import create_connection

from benchmarks.monolith_server import MODEL, WORKERS, create_tables, prompt
from benchmarks.processes import Child, environment
from benchmarks.product import ROOT
from local_stack.ports import choose_port
from local_stack.readiness import http_ready

HOST = "127.0.0.1"
# Spur's worker class is made of gunicorn's own one, named here; it adds an orderly end, which costs a turn nothing.
_GUNICORN = "--worker-class asgi --asgi-loop uvloop --keep-alive 75 --backlog 2048 --no-control-socket"


class Chain:
    """The running processes."""

    def __init__(self, database_url: str, model_port: int, folder: Path) -> None:
        self.children: list[Child] = []
        self._database_url = database_url
        self._model_port = model_port
        self._folder = folder
        self.port = choose_port(HOST, 18_280, ())

    def start(self) -> None:
        """Returns when all of them answer."""
        create_tables(self._database_url)
        written = self._folder / "chain_prompt.txt"
        written.write_text(prompt(), encoding="utf-8")
        llm, conversation = (choose_port(HOST, first, (self.port,)) for first in (18_300, 18_320))
        model = f"http://{HOST}:{self._model_port}/v1"
        self._start_grpc("llm", llm, model, MODEL, str(written))
        self._start_grpc("conversation", conversation, str(llm), self._database_url)
        options = [*_GUNICORN.split(), "--workers", str(WORKERS), "--bind", f"{HOST}:{self.port}"]
        gateway = self._start("gateway", "gunicorn", *options, "benchmarks.chain.gateway:Gateway()", port=conversation)
        gateway.wait_until(http_ready(HOST, self.port))

    def _start_grpc(self, name: str, port: int, *arguments: str) -> None:
        self._start(name, f"benchmarks.chain.{name}", str(port), *arguments).wait_until(lambda: _listens(port))

    def _start(self, name: str, module: str, *arguments: str, port: int = 0) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        variables = environment(CONVERSATION_PORT=str(port))
        child = Child(name, command, variables, ROOT, self._folder / f"chain_{name}.log")
        self.children.append(child)
        return child


def _listens(port: int) -> bool:
    with suppress(OSError), closing(create_connection((HOST, port), timeout=2)):
        return True
    return False
