"""Reads Dockerfiles as far as ours go."""

import json
import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGES = sorted(path.parent.name for path in (ROOT / "deploy").glob("*/Dockerfile"))


@dataclass(frozen=True)
class Copy:
    """One COPY of a single source; `stage` is the one it takes from, empty for the repository."""

    stage: str
    source: str
    target: str


class Dockerfile:
    """deploy/<name>/Dockerfile."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = ROOT / "deploy" / name / "Dockerfile"
        lines = [line for line in self.path.read_text().splitlines() if not line.lstrip().startswith("#")]
        joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
        self._instructions = [
            (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word
        ]

    def all(self, word: str) -> list[str]:
        """What follows each `word`, in the whole file."""
        return [rest for instruction, rest in self._instructions if instruction == word]

    def last(self, word: str) -> str:
        """What follows the only or last `word` of the final stage."""
        start = max(position for position, (instruction, _) in enumerate(self._instructions) if instruction == "FROM")
        return [rest for instruction, rest in self._instructions[start:] if instruction == word][-1]

    @cached_property
    def copies(self) -> list[Copy]:
        copies = []
        for rest in self.all("COPY"):
            *flags, source, target = shlex.split(rest)
            copies.append(Copy("".join(flags).removeprefix("--from="), source, target))
        return copies

    @property
    def packages(self) -> list[str]:
        """The folders of the repository that the image holds."""
        return [
            copy.source.rstrip("/") for copy in self.copies if not copy.stage and copy.source != self.requirements_path
        ]

    @property
    def requirements_path(self) -> str:
        return f"deploy/{self.name}/requirements.lock"

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", maxsplit=1) for rest in self.all("ENV") for pair in shlex.split(rest))

    @property
    def command(self) -> list[str]:
        return list(json.loads(self.last("CMD")))

    @property
    def health_check(self) -> list[str] | None:
        """The command; None for HEALTHCHECK NONE."""
        _, separator, command = self.last("HEALTHCHECK").partition("CMD ")
        return list(json.loads(command)) if separator else None

    @property
    def health_timing(self) -> dict[str, str]:
        options, _, _ = self.last("HEALTHCHECK").partition("CMD ")
        return dict(option.removeprefix("--").split("=") for option in options.split())

    @property
    def ports(self) -> list[str]:
        return [port for rest in self.all("EXPOSE") for port in rest.split()]
