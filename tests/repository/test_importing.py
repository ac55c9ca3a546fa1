"""Importing a module of ours defines things and does nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.tree import PRODUCT, ROOT, product_modules


def imported(folder: Path, modules: list[str]) -> "subprocess.CompletedProcess[str]":
    """In an interpreter of its own, without a setting and with sockets, threads and processes refused."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.repository.importing", str(folder), *modules],
        cwd=ROOT,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("package", sorted({name.partition("/")[0] for name in product_modules()} & set(PRODUCT)))
def test_nothing_is_opened_or_started_by_an_import(package: str) -> None:
    names = [name for name in product_modules() if name.startswith(f"{package}/")]
    ran = imported(ROOT, [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout + ran.stderr == ""


COUNTER_EXAMPLES = [
    "import socket\nsocket.create_connection(('127.0.0.1', 1))",
    "import socket\nsocket.socket().bind(('127.0.0.1', 0))",
    "import threading\nthreading.Thread(target=print).start()",
    "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(print)",
    "import subprocess\nsubprocess.run(['true'])",
    "import grpc\nchannel = grpc.insecure_channel('127.0.0.1:1')",
    "import grpc.aio\nserver = grpc.aio.server()",
    "import psycopg2\npsycopg2.connect('postgresql://127.0.0.1:1/x')",
    "import os\nhome = os.environ['DATABASE_URL']",
    "def connect():\n    import socket\n    socket.create_connection(('127.0.0.1', 1))\nconnect()",
]


def test_an_import_that_does_more_is_noticed(tmp_path: Path) -> None:
    names = [f"counter_example_{number}" for number in range(len(COUNTER_EXAMPLES))]
    for name, source in zip(names, COUNTER_EXAMPLES, strict=True):
        (tmp_path / f"{name}.py").write_text(source)
    ran = imported(tmp_path, names)
    assert ran.returncode == 1, ran.stdout
    assert [line.removesuffix(":") for line in ran.stdout.splitlines() if line.startswith("counter_example")] == names
