"""Runs the services of docker-compose.yml as plain processes, each in the folder of its image, on free ports.

Of what a container has, only the names and ports of the others are replaced; commands, health checks, order and the
environment are the file's own. Postgres is one that runs already.
"""

import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local_stack.postgres_home import binaries
from migrations.addresses import Addresses
from tests.deploy.compose import Service, read
from tests.deploy.images import Image
from tests.ports import free_port

HEALTHY_WITHIN = 60.0
# A check is a Python of its own: asked without a pause it slows down what it waits for.
BETWEEN_CHECKS = 0.4
HERE = "127.0.0.1"


class LocalRun:
    """All services of the file; `stop` leaves none behind."""

    def __init__(self, images: Mapping[str, Image], addresses: Addresses, folder: Path) -> None:
        database, service = urlsplit(addresses.owner), urlsplit(addresses.service)
        assert (database.username, service.username) == ("spur", "spur_service")
        self._images = images
        self._folder = folder
        self._services = read(
            POSTGRES_PASSWORD=str(database.password),
            DATABASE_PASSWORD=str(service.password),
            DURABILITY_ELSEWHERE="yes",  # the tests' server has fsync off
        )
        inside = [port for image in images.values() for port in image.dockerfile.ports]
        self._ports = {"5432": str(database.port), **{port: str(free_port()) for port in inside}}
        self._database = database.path
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._healthy: set[str] = set()
        self.exit_codes: dict[str, int] = {}

    def url(self, service: str) -> str:
        """Where the published port of `service` leads to."""
        [port] = self._services[service].settings["ports"]
        return f"http://{HERE}:{self._ports[str(port['target'])]}"

    def start(self) -> None:
        """Returns when all are healthy or done."""
        for service in self._in_order():
            for name, condition in service.dependencies.items():
                self._await(name, condition)
            if service.name != "postgres":
                self._spawn(service)
        for name, service in self._services.items():
            if service.health_check:
                self._await(name, "service_healthy")

    def stop(self) -> None:
        """SIGTERM to all at once; fails where one does not end in the time that the file gives it."""
        running = {name: process for name, process in self._processes.items() if process.poll() is None}
        began = time.monotonic()
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        try:
            for name, process in running.items():
                remaining = began + self._services[name].stop_seconds - time.monotonic()
                process.wait(max(0.0, remaining))
        finally:
            for process in self._processes.values():
                process.kill()
                process.wait()
            self.exit_codes = {name: process.returncode for name, process in self._processes.items()}

    def logs(self) -> str:
        return "\n".join(f"== {path.stem}\n{path.read_text()}" for path in sorted(self._folder.glob("*.log")))

    def _in_order(self) -> list[Service]:
        ordered: dict[str, Service] = {}
        while len(ordered) < len(self._services):
            free = [
                name
                for name, service in self._services.items()
                if name not in ordered and service.dependencies.keys() <= ordered.keys()
            ]
            assert free, "the services wait for each other in a circle"
            ordered.update({name: self._services[name] for name in free})
        return list(ordered.values())

    def _spawn(self, service: Service) -> None:
        image = self._images[service.image]
        command = service.settings.get("command") or image.dockerfile.command
        with (self._folder / f"{service.name}.log").open("wb") as log:
            self._processes[service.name] = subprocess.Popen(
                command, cwd=image.app, env=self._environment(service), stdout=log, stderr=log
            )

    def _await(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert self._processes[name].wait(HEALTHY_WITHIN) == 0, self.logs()
            return
        deadline = time.monotonic() + HEALTHY_WITHIN
        while name not in self._healthy:
            assert name == "postgres" or self._processes[name].poll() is None, f"{name} ended\n{self.logs()}"
            assert time.monotonic() < deadline, f"{name} is not healthy\n{self.logs()}"
            time.sleep(BETWEEN_CHECKS)
            if self._check(self._services[name]):
                self._healthy.add(name)

    def _check(self, service: Service) -> bool:
        assert service.health_check
        command = [self._replaced(part) for part in service.health_check]
        folder = self._images[service.image].app if service.image in self._images else Path("/")
        environment = self._environment(service)
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0

    def _environment(self, service: Service) -> dict[str, str]:
        image = self._images.get(service.image)
        given = {**(image.environment if image else {"PATH": str(binaries(None))}), **service.environment}
        return {name: self._replaced(value) for name, value in given.items()} | ({"HOST": HERE} if image else {})

    def _replaced(self, value: str) -> str:
        value = re.sub(rf"\b({'|'.join(self._services)})(?=:\d)", HERE, value)
        value = re.sub(rf"\b({'|'.join(self._ports)})\b", lambda found: self._ports[found[0]], value)
        return re.sub(r"^(postgresql://.*)/spur$", rf"\1{self._database}", value)
