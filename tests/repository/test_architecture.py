"""The import directions of the design, and what only a few places may do, over all Python files."""

import pytest

from tests.repository.architecture import RULES, complaints, read
from tests.repository.tree import PRODUCT, product_modules, tracked

GENERATED = "protos/"


def test_every_module_keeps_the_rules() -> None:
    modules = {name: path for name, path in tracked(".py").items() if not name.startswith(GENERATED)}
    assert len(modules) > 50
    found = [line for name, path in modules.items() for line in complaints(read(name, path.read_text()))]
    assert not found, "\n".join(found)


def test_every_package_that_there_is_has_rules() -> None:
    packages = {name.partition("/")[0] for name in tracked(".py") if "/" in name}
    assert packages <= {*PRODUCT, "protos", "tests", "benchmarks"}
    assert {"chassis", "conversation_service", "llm_service", "web_gateway"} <= {
        name.partition("/")[0] for name in product_modules()
    }


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        ("neighbours", "web_gateway/chat.py", "from conversation_service import inbox"),
        ("neighbours", "webhook_gateway/sender.py", "import simulator.graph"),
        ("neighbours", "conversation_service/writer.py", "def write():\n    from llm_service import replies"),
        ("neighbours", "simulator/app.py", "import web_gateway"),
        ("neighbours", "chassis/channel.py", "from protos import conversation_pb2"),
        ("neighbours", "chassis/server.py", "import conversation_service.config as config"),
        ("neighbours", "conversation_service/app.py", "from migrations.runner import migrate_up"),
        ("neighbours", "local_stack/stack.py", "import web_gateway"),
        ("neighbours", "migrations/runner.py", "from chassis.settings import load"),
        ("neighbours", "llm_service/replies.py", "from tests.ports import free_port"),
        ("neighbours", "protos/__init__.py", "import chassis"),
        ("libraries", "web_gateway/limits.py", "import psycopg2.extras"),
        ("libraries", "llm_service/replies.py", "from peewee import Model"),
        ("libraries", "migrations/runner.py", "import peewee"),
        ("libraries", "llm_service/replies.py", "from openai import AsyncOpenAI"),
        ("libraries", "conversation_service/service.py", "import flask"),
        ("libraries", "webhook_gateway/channels/whatsapp.py", "from flask import request"),
        ("libraries", "webhook_gateway/sender.py", "from flask import Flask"),
        ("libraries", "web_gateway/app.py", "from opentelemetry import trace"),
        ("libraries", "conversation_service/app.py", "import dotenv"),
        ("channels", "webhook_gateway/channels/whatsapp.py", "from webhook_gateway.channels.telegram import parse"),
        ("channels", "webhook_gateway/channels/telegram.py", "from webhook_gateway.channels import meta"),
        ("channels", "webhook_gateway/channels/pages.py", "from webhook_gateway.channels import messenger"),
        ("channels", "webhook_gateway/channels/messenger.py", "from webhook_gateway.channels import instagram"),
        ("channels", "webhook_gateway/channels/meta.py", "from webhook_gateway.channels import whatsapp_errors"),
        ("environment", "conversation_service/inbox.py", 'import os\nos.environ["X"]'),
        ("environment", "llm_service/app.py", 'import os\nos.getenv("X")'),
        ("environment", "web_gateway/config.py", "from os import environ"),
        ("environment", "chassis/logs.py", "from os import getenv as read"),
        ("settings", "conversation_service/inbox.py", "from chassis.settings import load"),
        ("settings", "web_gateway/chat.py", "from web_gateway.config import WebGatewaySettings"),
        ("docstring", "chassis/x.py", "import os"),
        ("docstring", "chassis/x.py", '"""Not a sentence"""'),
        ("docstring", "tests/x.py", "# A comment is none."),
        ("docstring", "chassis/__init__.py", ""),
    ],
)
def test_a_rule_bites(rule: str, name: str, source: str) -> None:
    text = source if rule == "docstring" else f'"""A module."""\n{source}'
    assert [line.split(": ")[:2] for line in complaints(read(name, text))] == [[name, rule]]


def test_every_rule_is_proven_to_bite() -> None:
    (mark,) = test_a_rule_bites.pytestmark  # type: ignore[attr-defined]
    assert {rule for rule, *_ in mark.args[1]} == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("web_gateway/chat.py", "from chassis import logs\nfrom protos import conversation_pb2\nimport flask"),
        ("webhook_gateway/channels/whatsapp.py", "from webhook_gateway.channels import channel, meta"),
        ("webhook_gateway/channels/instagram.py", "from webhook_gateway.channels import channel, meta, pages"),
        ("webhook_gateway/channels/whatsapp.py", "from webhook_gateway.channels.whatsapp_errors import MEANINGS"),
        ("webhook_gateway/channels/whatsapp_errors.py", "from webhook_gateway.channels.meta import Meaning"),
        ("tests/conversation_service/test_x.py", "import psycopg2, llm_service, os\nos.environ"),
        ("benchmarks/x.py", "import peewee\nfrom openai import OpenAI"),
        ("conversation_service/app.py", "from conversation_service.config import ConversationSettings"),
        ("web_gateway/addresses.py", "from web_gateway.config import Network"),
        ("chassis/settings.py", "import os\nos.environ.get('X')"),
    ],
)
def test_what_is_allowed_is_let_pass(name: str, source: str) -> None:
    assert complaints(read(name, f'"""A module."""\n{source}')) == []
