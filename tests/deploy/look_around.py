"""Run inside an image's folder by its own Python: says what the code there imports and what of it is missing.

Imports that are made late, inside functions, count; those for type checkers alone do not.
"""

import ast
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from statements(node)


def imported(path: Path) -> Iterator[str]:
    for node in statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def present(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def main() -> None:
    folder = Path.cwd()
    packages = [path.name for path in folder.iterdir()]
    names = {name for path in folder.rglob("*.py") for name in imported(path)}
    for package in packages:
        importlib.import_module(package)
        for module in pkgutil.walk_packages([str(folder / package)], f"{package}."):
            importlib.import_module(module.name)
    outside = [name for name in packages if not str(sys.modules[name].__file__).startswith(str(folder))]
    tops = {name.split(".")[0] for name in names}
    print(
        json.dumps(
            {
                "missing": sorted(name for name in names if not present(name)),
                "outside": outside,
                "ours": sorted(tops & set(packages)),
                "path": sys.path,
            }
        )
    )


main()
