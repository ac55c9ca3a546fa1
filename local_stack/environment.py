"""Joins the environment and `.env` into what the launcher and its children read."""

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from local_stack.errors import StackError

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")


def joined(dotenv: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """All variables; the environment wins over the file, and an empty value is an unset one in both."""
    try:
        kept = dotenv_values(dotenv) if dotenv.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{dotenv} cannot be read ({error}): mend it, or move it away.") from None
    variables = {
        **{name: value for name, value in kept.items() if value},
        **{name: value for name, value in environment.items() if value},
    }
    return {**variables, **_direct(variables)}


def _direct(variables: Mapping[str, str]) -> dict[str, str]:
    """Keeps calls between our own services away from a configured proxy; gRPC would use it even for 127.0.0.1."""
    if not any(variables.get(name) or variables.get(name.upper()) for name in PROXIES):
        return {}
    named = variables.get("no_proxy") or variables.get("NO_PROXY")
    value = ",".join(filter(None, [named, "127.0.0.1,localhost,::1"]))
    return {"no_proxy": value, "NO_PROXY": value}
