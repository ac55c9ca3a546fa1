"""No call leaves a process without a deadline: read from the sources, so that the next one is no exception either."""

import ast

import pytest

from tests.lost_neighbours.outgoing import openers_without_deadline, parsed, rpcs_without_deadline
from tests.repository.tree import product_modules

# Meant to be open for ever; a dead one is noticed by the channel's keepalive (tests/chassis/test_keepalive.py).
STREAMS = {("web_gateway/followers.py", "Follow")}
# The launcher's talk to the Postgres that it has just started itself, and ends with itself.
LOCAL = {
    ("local_stack/postgres.py", "psycopg2.connect"),
    ("local_stack/service_account.py", "psycopg2.connect"),
}


def test_every_rpc_has_a_deadline_or_is_a_stream_that_is_kept_alive() -> None:
    found = {(name, rpc) for name, path in product_modules().items() for rpc in rpcs_without_deadline(parsed(path))}
    assert found == STREAMS


def test_every_connection_has_a_deadline_for_its_opening() -> None:
    found = {
        (name, call) for name, path in product_modules().items() for call in openers_without_deadline(parsed(path))
    }
    assert found == LOCAL


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("await self._stub.Receive(request, timeout=2)", []),
        ("await self._stub.Receive(request)", ["Receive"]),
        ("LlmServiceStub(channel).GenerateReply()", ["GenerateReply"]),
        ("call = self._health.Check(request, metadata=x)", ["Check"]),
        ("await self._call(self._stub.Receive)\nasync def _call(method):\n    await method(1)", ["Receive"]),
        ("await self._call(self._stub.Receive)\nasync def _call(method):\n    await method(1, timeout=2)", []),
        ("self._call(self._stub.Receive)\ndef _call(method):\n    method(1)", ["Receive"]),
        ("self._call(self._stub.Receive)\ndef _call(method):\n    method(1, timeout=2)", []),
        ("await elsewhere(self._stub.Receive)", ["Receive"]),
        ("await inbox.Receive(request)", []),
    ],
)
def test_the_search_itself_finds_what_it_is_for(source: str, found: list[str]) -> None:
    assert list(rpcs_without_deadline(ast.parse(source, "<test>"))) == found
