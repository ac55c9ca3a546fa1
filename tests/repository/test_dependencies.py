"""The lock: every dependency that pyproject.toml names, pinned with hashes, and no address to fetch it from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.repository.tree import ROOT, tracked

LOCK = ROOT / "requirements.lock"
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+!-]+)(?: ; (?P<marker>[^\\]+))? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def read_lock(text: str) -> dict[str, list[Version]]:
    """Pinned versions by name; a name may have one for newer Pythons and one for older. Refuses any other line."""
    pins: dict[str, list[Version]] = {}
    hashes = 1
    for line in text.splitlines():
        if pin := _PIN.fullmatch(line):
            assert hashes, f"no hash before {line}"
            hashes = 0
            if pin["marker"]:
                Marker(pin["marker"].strip())
            pins.setdefault(canonicalize_name(pin["name"]), []).append(Version(pin["version"]))
        elif _HASH.fullmatch(line):
            hashes += 1
        else:
            assert re.fullmatch(r" *#(?! *--?\w)(?!.*://).*", line), f"not a pin, a hash or a remark: {line}"
    assert hashes, "no hash at the end"
    return pins


def direct_dependencies() -> list[Requirement]:
    """What pyproject.toml asks for, in all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    named = [Requirement(line) for line in [*project["dependencies"], *(line for extra in extras for line in extra)]]
    return [requirement for requirement in named if requirement.name != project["name"]]


def unmet(requirements: list[Requirement], pins: dict[str, list[Version]]) -> list[str]:
    """Those that no pin satisfies."""
    return [
        str(requirement)
        for requirement in requirements
        if not any(version in requirement.specifier for version in pins.get(canonicalize_name(requirement.name), []))
    ]


def test_the_lock_holds_every_dependency_in_a_version_that_is_allowed() -> None:
    requirements = direct_dependencies()
    assert len(requirements) > 20
    assert unmet(requirements, read_lock(LOCK.read_text())) == []


def test_an_unmet_dependency_is_noticed() -> None:
    pins = {"flask": [Version("3.1.3")]}
    asked = [Requirement("flask~=3.1.3"), Requirement("Flask>=4"), Requirement("peewee")]
    assert unmet(asked, pins) == ["Flask>=4", "peewee"]


@pytest.mark.parametrize("path", tracked("requirements.lock").values(), ids=lambda path: path.parent.name)
def test_a_lock_of_a_part_pins_what_the_whole_does(path: Path) -> None:
    whole = read_lock(LOCK.read_text())
    for name, versions in read_lock(path.read_text()).items():
        assert set(versions) <= set(whole[name]), name


_GOOD = "flask==3.1.3 \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.mark.parametrize(
    "line",
    [
        "flask==3.1.3",
        "flask>=3.1 \\\n    --hash=sha256:" + "0" * 64,
        "--index-url https://packages.example/simple",
        "    # from https://packages.example/simple",
        "# --extra-index-url https://packages.example",
        "flask @ https://packages.example/flask.whl",
        "flask==3.1.3 \\\n    # via something",
    ],
)
def test_a_lock_with_anything_else_in_it_is_refused(line: str) -> None:
    assert read_lock(_GOOD) == {"flask": [Version("3.1.3")]}
    with pytest.raises(AssertionError):
        read_lock(_GOOD + line + "\n")
