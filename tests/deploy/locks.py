"""Reads requirements files with hashes, and what pyproject.toml asks for."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.dockerfiles import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@dataclass(frozen=True)
class Pin:
    """One version of one package, with what pip compares a download to."""

    requirement: str
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        return str(canonicalize_name(Requirement(self.requirement).name))

    @property
    def version(self) -> str:
        return str(Requirement(self.requirement).specifier).removeprefix("==")

    def applies(self) -> bool:
        """Whether it is for this Python and this machine."""
        marker = Requirement(self.requirement).marker
        return marker is None or marker.evaluate()


def read_pins(path: Path) -> list[Pin]:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    entries = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [Pin(entry.split(" --hash")[0].strip(), frozenset(re.findall(r"--hash=(\S+)", entry))) for entry in entries]


def extras_of(image: str) -> list[str]:
    """What deploy/lock.sh says that the image is to hold."""
    script = (ROOT / "deploy" / "lock.sh").read_text()
    arguments = re.search(rf"^compile {image} (.+)$", script, re.MULTILINE)
    assert arguments, f"deploy/lock.sh does not write a lock for {image}"
    return re.findall(r"--extra (\S+)", arguments[1])


def wanted(extras: Iterable[str]) -> set[str]:
    """The packages that these extras of pyproject.toml come to, here, by what the installed ones ask for."""
    found: set[tuple[str, str]] = set()
    for requirement in _asked_by_project(extras):
        _add(requirement, found)
    return {name for name, _ in found}


def _asked_by_project(extras: Iterable[str]) -> Iterator[Requirement]:
    for extra in extras:
        for line in EXTRAS[extra]:
            requirement = Requirement(line)
            if requirement.name == "spur":
                yield from _asked_by_project(requirement.extras)
            else:
                yield requirement


def _add(requirement: Requirement, found: set[tuple[str, str]]) -> None:
    for extra in ("", *requirement.extras):
        key = (str(canonicalize_name(requirement.name)), extra)
        if key in found:
            continue
        found.add(key)
        for line in distribution(requirement.name).requires or []:
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                _add(further, found)
