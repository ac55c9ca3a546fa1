"""Runs the embedded Postgres: its own data folder and password, TCP on 127.0.0.1, gone when its starter is."""

import signal
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg2

from local_stack.errors import StackError, disk_full
from local_stack.postgres_cluster import USER, ensure_cluster
from local_stack.postgres_home import binaries, cluster_home, make_data_dir, server_account
from local_stack.postgres_start import start_postgres
from local_stack.secret_files import ensure_secret
from local_stack.service_account import SERVICE_USER, ensure_service_account
from local_stack.tether import tethered
from migrations.addresses import Addresses

HOST = "127.0.0.1"
DATABASE = "spur"
# What the promise of durable acknowledgement stands on; only `durable=False` touches them.
DURABILITY = frozenset({"fsync", "synchronous_commit", "full_page_writes"})


class PostgresServer:
    """One server on the data folder `data_dir`; `start` and `stop` may be called again and again.

    Start it from a thread that lives as long as the server is needed, because the server ends with that thread.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        log_path: Path | None = None,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        """`settings` go before postgresql.conf's. `durable=False` is for tests: a crash of the machine loses data."""
        if named := DURABILITY & (settings or {}).keys():
            raise ValueError(f"{', '.join(sorted(named))} may not be set: say durable=False")
        self.data_dir = data_dir.absolute()
        self.port = port
        self.log_path = log_path or self.data_dir / "postgres.log"
        self._settings = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(settings or {}),
            **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        self._password = ""
        self._service_password = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the product's database for its owner, who may change everything."""
        return self.database_url(DATABASE)

    @property
    def service_url(self) -> str:
        """The same for the service, which may do there what the migrations allow it."""
        return self.service_database_url(DATABASE)

    @property
    def addresses(self) -> Addresses:
        """Both, for the migrations."""
        return Addresses(self.url, self.service_url)

    def database_url(self, name: str) -> str:
        return f"postgresql://{USER}:{self._password}@{HOST}:{self.port}/{name}"

    def service_database_url(self, name: str) -> str:
        return f"postgresql://{SERVICE_USER}:{self._service_password}@{HOST}:{self.port}/{name}"

    def start(self) -> None:
        """Returns when the server answers. Raises StackError where it cannot, with nothing left running."""
        make_data_dir(self.data_dir)
        account = server_account(self.data_dir)
        self._password = ensure_secret(self.data_dir / "postgres.password")
        self._service_password = ensure_secret(self.data_dir / "postgres_service.password")
        programs = binaries(account)
        cluster = ensure_cluster(cluster_home(self.data_dir, account), programs, account, self._password)
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = tethered([str(programs / "postgres"), "-D", str(cluster), *options], signal.SIGINT, account)
        self.process = start_postgres(command, cluster, self.port, self.log_path)
        try:
            _ensure_database(self.database_url("postgres"))
            ensure_service_account(self.database_url("postgres"), self._service_password)
        except psycopg2.Error as error:
            self.stop()
            raise _explained(error, self.data_dir) from None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout: float = 8.0) -> None:
        """Fast shutdown: open transactions are rolled back. After `timeout` seconds the server is killed."""
        process, self.process = self.process, None
        if process is None:
            return
        for urgency, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0)):
            process.send_signal(urgency)
            try:
                process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue


def _ensure_database(maintenance_url: str) -> None:
    with closing(psycopg2.connect(maintenance_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")


def _explained(error: psycopg2.Error, data_dir: Path) -> StackError:
    if isinstance(error, psycopg2.errors.DiskFull):
        return disk_full(data_dir)
    if "password authentication failed" in str(error):
        return StackError(
            f"{data_dir}/postgres.password is not the database's password any more: put the old file back."
        )
    return StackError(f"Postgres started but does not answer ({' '.join(str(error).split())}): see {data_dir}.")
