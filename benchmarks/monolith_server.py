"""The other side: benchmarks/monolith installed from its lock file and run under Node."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2

from benchmarks.processes import BenchmarkError, Child, environment
from llm_service.knowledge import library
from llm_service.prompts.prompt import Prompts
from local_stack.ports import choose_port
from local_stack.readiness import http_ready

FOLDER = Path(__file__).parent / "monolith"
HOST = "127.0.0.1"
OLDEST_NODE = 20
# As many as the web gateway has, and together as many connections as two of pg's default pools.
WORKERS, _CONNECTIONS = 2, 10
MODEL = "gpt-4o-mini"


def obstacle() -> str | None:
    """Why it cannot be run here; None where it can."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node.js or npm is missing: install both to compare with the monolith (apt-get install nodejs npm)"
    major = int(node_version().lstrip("v").partition(".")[0])
    return f"Node.js {OLDEST_NODE} or newer is needed, this is {major}" if major < OLDEST_NODE else None


def node_version() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def install() -> None:
    """`npm ci` where the lock file is newer than what is installed."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"npm ci failed in {FOLDER}: {(done.stderr or done.stdout).strip()[-300:]}")
    installed.touch()


class Monolith:
    """The running server."""

    def __init__(self, name: str, database_url: str, model_port: int, folder: Path, *, bare: bool = False) -> None:
        """`bare`: without the vendor's package and without a log."""
        self.port = choose_port(HOST, 18_180, ())
        self._name = name
        self._bare = bare
        self.children: list[Child] = []
        self._folder = folder
        self._database_url = database_url
        self._model_port = model_port

    def start(self) -> None:
        """Returns when it answers."""
        create_tables(self._database_url)
        written = self._folder / "prompt.txt"
        written.write_text(prompt(), encoding="utf-8")
        variables = environment(
            NODE_ENV="production",
            PORT=str(self.port),
            WORKERS=str(WORKERS),
            DATABASE_URL=self._database_url,
            DATABASE_CONNECTIONS=str(_CONNECTIONS),
            OPENAI_BASE_URL=f"http://{HOST}:{self._model_port}/v1",
            OPENAI_API_KEY="none",
            OPENAI_MODEL=MODEL,
            PROMPT=str(written),
            BARE="1" if self._bare else "",
        )
        child = Child(self._name, ["node", "server.js"], variables, FOLDER, self._folder / f"{self._name}.log")
        self.children.append(child)
        child.wait_until(http_ready(HOST, self.port))


def create_tables(database_url: str) -> None:
    """Give an empty database the monolith's tables."""
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute((FOLDER / "schema.sql").read_text(encoding="utf-8"))


def prompt() -> str:
    """The very instructions and knowledge that Spur gives the model, so that both send as much."""
    fixed = Prompts(library.load(None), 1, 1)._fixed  # the product has no other reader of it
    return "\n\n".join(message["content"] for message in fixed)
