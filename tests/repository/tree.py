"""The files of the repository, as git has them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("conversation_service", "llm_service", "web_gateway", "webhook_gateway", "simulator")
# Without `tests` and `benchmarks`, which may reach into everything.
PRODUCT = (*SERVICES, "chassis", "local_stack", "migrations")


def tracked(suffix: str = "") -> dict[str, Path]:
    """The files that git tracks and whose name ends with `suffix`, by their path inside the repository."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = listed.split("\0")
    except (FileNotFoundError, subprocess.CalledProcessError):  # unpacked from an archive, or somebody else's clone
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if not _is_hidden(path)]
    return {name: ROOT / name for name in sorted(names) if name.endswith(suffix) and (ROOT / name).is_file()}


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ROOT).parts)


def product_modules() -> dict[str, Path]:
    """The Python files of what is deployed or started, by their path inside the repository."""
    return {name: path for name, path in tracked(".py").items() if name.partition("/")[0] in PRODUCT}
