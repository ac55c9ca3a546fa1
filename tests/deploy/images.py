"""Builds what an image would hold, without an engine: the copied folders, and an environment of the pinned packages."""

import os
import shutil
import venv
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

from tests.deploy.dockerfiles import ROOT, Dockerfile
from tests.deploy.locks import Pin, read_pins


@dataclass(frozen=True)
class Image:
    """/app and /venv of one Dockerfile, in a folder."""

    dockerfile: Dockerfile
    app: Path
    venv: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process in it finds, and nothing of ours."""
        path = f"{self.venv / 'bin'}{os.pathsep}{os.defpath}"
        return {**self.dockerfile.environment, "PATH": path}


def build(name: str, folder: Path) -> Image:
    """The image of deploy/<name>/Dockerfile, in `folder`."""
    dockerfile = Dockerfile(name)
    image = Image(dockerfile, folder / "app", folder / "venv")
    for copy in dockerfile.copies:
        if copy.stage or copy.source == dockerfile.requirements_path:
            continue
        shutil.copytree(ROOT / copy.source, image.app / copy.target, ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(image.venv, symlinks=True)
    site = next(image.venv.glob("lib/python3*/site-packages"))
    for pin in read_pins(ROOT / dockerfile.requirements_path):
        if pin.applies():
            _link(_installed(pin), site)
    return image


def _installed(pin: Pin) -> Distribution:
    found = distribution(pin.name)
    assert found.version == pin.version, f"{pin.name} {found.version} is installed instead of {pin.version}: make test"
    return found


def _link(package: Distribution, site: Path) -> None:
    """Links folders as a whole, but file by file where several packages share one, as they do google/."""
    files = [file for file in package.files or [] if ".." not in file.parts and "__pycache__" not in file.parts]
    whole = {file.parts[0] for file in files if file.name == "__init__.py" and len(file.parts) == 2}
    for name in {file.parts[0] if file.parts[0] in whole else str(file) for file in files}:
        _link_with_compiled(Path(str(package.locate_file(name))), site / name)


def _link_with_compiled(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    if target.suffix == ".py" and (compiled := Path(cache_from_source(str(target)))).exists():
        link.parent.joinpath("__pycache__").mkdir(exist_ok=True)
        link.parent.joinpath("__pycache__", compiled.name).symlink_to(compiled)
