"""The contract: stubs that are what the .proto files say, and a comment on every element."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.tree import ROOT

BUF = Path(sys.executable).with_name("buf")
PROTOS = sorted((ROOT / "protos").glob("*.proto"))


def generated(folder: Path) -> dict[str, str]:
    """The stubs of all .proto files, made anew in `folder`."""
    outputs = [f"--{kind}={folder}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
    names = [str(path.relative_to(ROOT)) for path in PROTOS]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", *outputs, *names], cwd=ROOT, check=True)
    return contents(folder / "protos")


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*_pb2*.py*")) if path.suffix != ".pyc"}


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([BUF, "lint"], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contract alone, to be spoilt."""
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    (tmp_path / "protos").mkdir()
    for path in PROTOS:
        shutil.copy(path, tmp_path / "protos")
    return tmp_path


def test_the_committed_stubs_are_what_the_contract_says(tmp_path: Path) -> None:
    fresh, committed = generated(tmp_path), contents(ROOT / "protos")
    assert list(fresh) == list(committed)
    stale = [name for name, text in fresh.items() if committed[name] != text]
    assert not stale, f"{', '.join(stale)}: run make protos"


def test_the_contract_passes_bufs_lint() -> None:
    ran = lint(ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("element", ["service", "rpc", "message", "enum", "field", "enum value", "oneof"])
def test_an_element_without_a_comment_fails_the_lint(element: str, copy: Path) -> None:
    path = copy / "protos" / "conversation.proto"
    declaration = {
        "service": r"^service ",
        "rpc": r"^  rpc ",
        "message": r"^message ",
        "enum": r"^enum ",
        "field": r"^  (string|int64|bytes) \w+ = ",
        "enum value": r"^  [A-Z_]+ = 1;",
        "oneof": r"^  oneof ",
    }[element]
    path.write_text(without_comment(path.read_text(), declaration))
    ran = lint(copy)
    assert ran.returncode != 0
    (complaint,) = ran.stdout.splitlines()
    assert complaint.endswith("should have a non-empty comment for documentation.")
    assert f":{element} " in complaint.lower()


def without_comment(text: str, declaration: str) -> str:
    """The text without the comment above the first element of that kind."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if re.match(declaration, line))
    first = at
    while lines[first - 1].lstrip().startswith("//"):
        first -= 1
    assert first < at
    return "\n".join(lines[:first] + lines[at:]) + "\n"
