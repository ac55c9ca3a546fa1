"""The structure of a body: its key paths and the types at their ends, without any value."""

from typing import Any

_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


def paths(body: Any, prefix: str = "") -> dict[str, str]:
    """`entry[].changes[].value.messages[].id` -> "string", and so on; a list's items are taken together."""
    if isinstance(body, dict):
        return {key: kind for name, part in body.items() for key, kind in paths(part, _join(prefix, name)).items()}
    if isinstance(body, list):
        return {key: kind for part in body for key, kind in paths(part, f"{prefix}[]").items()}
    return {prefix: _TYPES[type(body)]}


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def differences(body: Any, shape: dict[str, Any]) -> list[str]:
    """How a body differs from a shape: {"needs": {path: type}, "may": {path: type}}."""
    found, needs, may = paths(body), shape["needs"], shape.get("may", {})
    wrong = [f"{path} is missing" for path in needs if path not in found]
    for path, kind in found.items():
        wanted = needs.get(path) or may.get(path)
        if wanted is None:
            wrong.append(f"{path} is not in the recorded form")
        elif wanted != kind:
            wrong.append(f"{path} is a {kind}, not a {wanted}")
    return wrong
