"""Finds the calls by which our processes reach others, in the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

from grpc_health.v1 import health_pb2

from protos import conversation_pb2, llm_pb2

_SERVICES = [
    service for file in (conversation_pb2, llm_pb2, health_pb2) for service in file.DESCRIPTOR.services_by_name.values()
]
RPC_NAMES = frozenset(method.name for service in _SERVICES for method in service.methods)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What opens a connection, and the argument that bounds how long it may take.
OPENERS = {"psycopg2.connect": "connect_timeout", "http.client.HTTPConnection": "timeout"}


def rpcs_without_deadline(tree: ast.AST) -> Iterator[str]:
    """Methods of stubs that are called without `timeout=`, or handed to somebody who calls them without it."""
    stubs = {node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in RPC_NAMES}
    stubs = {node for node in stubs if _is_stub(node.value)}
    bounded: set[ast.Attribute] = set()
    for call in _calls(tree):
        if isinstance(call.func, ast.Attribute) and call.func in stubs and _has(call, "timeout"):
            bounded.add(call.func)
        handed = {argument for argument in call.args if isinstance(argument, ast.Attribute) and argument in stubs}
        if handed and _calls_with_deadline(tree, call.func):
            bounded |= handed
    yield from sorted(node.attr for node in stubs - bounded)


def openers_without_deadline(tree: ast.AST) -> Iterator[str]:
    """What opens a connection and may take for ever."""
    for call in _calls(tree):
        name = ast.unparse(call.func)
        if name in OPENERS and not _has(call, OPENERS[name]):
            yield name


def _is_stub(node: ast.expr) -> bool:
    """By the names that our sources use: stub, _stub, HealthStub(…), _health."""
    return any(word in ast.unparse(node).lower() for word in ("stub", "_health"))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _has(call: ast.Call, keyword: str) -> bool:
    return any(given.arg == keyword for given in call.keywords)


def _calls_with_deadline(tree: ast.AST, function: ast.expr) -> bool:
    """Whether a function of this file calls what it is given, as `method`, with a deadline."""
    name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
    bodies = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS) and node.name == name]
    calls = [call for body in bodies for call in _calls(body) if ast.unparse(call.func) == "method"]
    return bool(calls) and all(_has(call, "timeout") for call in calls)


def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))
