"""A shop that runs, as `make up` starts it or without what a browser's message does not pass, and a customer's view."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from local_stack.postgres import PostgresServer
from tests.databases import data_folder, fresh_database, place_cluster, query
from tests.fleet import Fleet, running_fleet
from tests.local_stack.launching import Launcher
from tests.scripted_openai import ScriptedOpenAI, running_openai


class Shop:
    """What a customer and an operator can do."""

    def __init__(self, url: str, database_url: str, model: ScriptedOpenAI) -> None:
        self.url = url
        self.database_url = database_url
        self.model = model

    def post(
        self, message: object, session: str | None = None, key: str | None = None, **options: Any
    ) -> requests.Response:
        body = {"message": message, "sessionId": session, "clientMessageId": key or str(uuid.uuid4())}
        body = {name: value for name, value in body.items() if value is not None}
        return requests.post(f"{self.url}/chat/message", json=body, timeout=90, **options)

    def session(self) -> str:
        return str(requests.post(f"{self.url}/chat/session", timeout=10).json()["sessionId"])

    def history(self, session: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {session}"}
        return list(requests.get(f"{self.url}/chat/messages", headers=headers, timeout=10).json()["messages"])

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return query(self.database_url, sql, *parameters)

    def counts(self) -> list[int]:
        """Rows of every table that a message writes to."""
        tables = ("inbound_events", "conversations", "turns", "messages", "poison_events", "event_conflicts")
        return [self.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables]


class Stack(Shop):
    """The whole of it."""

    def __init__(self, launcher: Launcher, model: ScriptedOpenAI) -> None:
        published = launcher.published()
        super().__init__(str(published["WEB_GATEWAY_URL"]), str(published["DATABASE_URL"]), model)
        self.launcher = launcher


@contextmanager
def running_stack(**environment: str) -> Iterator[Stack]:
    """With a model, unless OPENAI_API_KEY is given as empty."""
    with data_folder() as folder, running_openai() as model:
        folder.mkdir(mode=0o711)
        place_cluster(folder / "data")
        model_settings = {"OPENAI_API_KEY": "sk-for-tests", "OPENAI_BASE_URL": model.base_url}
        launcher = Launcher(folder, [sys.executable, "-m", "local_stack"], **{**model_settings, **environment})
        try:
            yield Stack(launcher.start(), model)
        finally:
            launcher.end()


@contextmanager
def running_shop(server: PostgresServer, **settings: str) -> Iterator[tuple[Shop, Fleet]]:
    """The three services from a browser to the model."""
    with fresh_database(server) as addresses, running_fleet(addresses.service or "", **settings) as fleet:
        yield Shop(fleet.url(), fleet.database_url, fleet.model), fleet
