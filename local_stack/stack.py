"""One run of the whole: everything up in order, kept up, and down again in the reverse order."""

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings, load
from local_stack import example
from local_stack.closing_words import closing_words
from local_stack.config import StackSettings
from local_stack.data_folder import DataFolder
from local_stack.errors import StackError, disk_full
from local_stack.ports import require_free
from local_stack.postgres import PostgresServer
from local_stack.postgres_home import MAJOR
from local_stack.process_table import services, visible_to
from local_stack.progress import Progress
from local_stack.service_process import ServiceProcess
from local_stack.stopping import StopRequested, StopSignals
from local_stack.supervisor import Supervisor
from local_stack.wiring import Secrets, listening_ports, settled, wire
from migrations.addresses import Addresses
from migrations.files import MigrationError
from migrations.runner import migrate_up

ROOT = Path(__file__).parent.parent
# Together less than the ten seconds in which everything has ended.
SERVICES_STOP_WITHIN = 7.0
POSTGRES_STOPS_WITHIN = 2.0
# What a killed launcher had started has ended by then.
LEFTOVERS_END_WITHIN = 10.0
DATABASE_ANSWERS_WITHIN = 10.0
LOOK_EVERY = 0.2


def run(settings: StackSettings, environment: Mapping[str, str], stops: StopSignals) -> None:
    """Returns when it was asked to stop and has stopped. Raises StackError when it could not start."""
    progress = Progress()
    folder = DataFolder(settings.spur_data_dir)
    with folder.claimed():
        patience = LEFTOVERS_END_WITHIN if folder.was_left_behind else 0.0
        require_free(settings.host, listening_ports(settings), patience)
        stack = _Stack(settled(settings), folder, progress)
        try:
            stack.start(environment)
            stack.look_after()
        except StopRequested:
            progress.say("\n  Stopping everything; Ctrl-C once more does it at once.")
        finally:
            stops.hold()
            stack.stop(stops)


class _Stack:
    """What has been started so far."""

    def __init__(self, settings: StackSettings, folder: DataFolder, progress: Progress) -> None:
        self._settings = settings
        self._folder = folder
        self._progress = progress
        self._postgres: PostgresServer | None = None
        self._supervisor: Supervisor | None = None

    def start(self, environment: Mapping[str, str]) -> None:
        database = self._open_database()
        self._migrate(database)
        wiring = wire(self._settings, database, self._secrets(), environment)
        credentials = Credentials(load(ServiceSettings, service_token=wiring.service_token))
        self._supervisor = self._supervise({**environment, **wiring.for_services()}, credentials)
        self._supervisor.start()
        answered = self._ask_example(Peer(wiring.addresses["CONVERSATION_SERVICE_ADDRESS"], credentials, example.KEYED))
        self._folder.publish(wiring.for_tools())
        self._progress.say(closing_words(self._folder.path, wiring, answered, self._progress.elapsed(), environment))

    def _secrets(self) -> Secrets:
        kept, folder = self._settings, self._folder
        return Secrets(
            kept.service_token.get_secret_value() if kept.service_token else folder.secret("service.token"),
            kept.session_secret.get_secret_value() if kept.session_secret else folder.secret("session.secret"),
            folder.secret("platforms.secret"),
        )

    def look_after(self) -> NoReturn:
        """Until a StopRequested ends it."""
        while True:
            time.sleep(LOOK_EVERY)
            if self._postgres and not self._postgres.running():
                self._progress.note(f"Postgres ended; starting it again (log: {self._postgres.log_path})")
                self._postgres.start()
            if self._supervisor:
                self._supervisor.look_after()

    def stop(self, stops: StopSignals) -> None:
        """At most ten seconds, whatever state everything is in."""
        self._folder.withdraw()
        if self._supervisor:
            self._supervisor.stop(SERVICES_STOP_WITHIN, stops.hurried)
        if self._postgres:
            self._postgres.stop(POSTGRES_STOPS_WITHIN)

    def _open_database(self) -> Addresses:
        if given := self._settings.given_database():
            return given
        with self._progress.step(f"Postgres {MAJOR} on port {self._settings.postgres_port}"):
            self._postgres = PostgresServer(
                self._folder.path, self._settings.postgres_port, log_path=self._folder.logs / "postgres.log"
            )
            self._postgres.start()
            return self._postgres.addresses

    def _migrate(self, database: Addresses) -> None:
        said: list[str] = []
        with self._progress.step("migrations"):
            try:
                migrate_up(database, wait=DATABASE_ANSWERS_WITHIN, say=said.append)
            except MigrationError as error:
                if os.strerror(errno.ENOSPC) in str(error) and self._postgres:
                    raise disk_full(self._folder.path) from None
                raise StackError(str(error)) from None
        for line in said:
            if line.startswith("warning:"):
                self._progress.note(line)

    def _supervise(self, environment: Mapping[str, str], credentials: Credentials) -> Supervisor:
        processes = [
            ServiceProcess(
                service,
                visible_to(service.name, environment),
                self._folder.logs / f"{service.name}.log",
                ROOT,
            )
            for service in services(self._settings, credentials)
        ]
        return Supervisor(processes, self._progress)

    def _ask_example(self, peer: Peer) -> example.Example | None:
        try:
            with self._progress.step("example conversation"):
                return example.seed(peer)
        except StackError as error:
            self._progress.note(str(error))
            return None
