"""The tables as peewee models; a test holds them against the migrated schema."""

from typing import Any

from conversation_service.models import answers, conversations, inbound, outbox
from conversation_service.models.table import Table, database

__all__ = ["TABLES", "answers", "conversations", "database", "inbound", "outbox"]

TABLES: list[type[Any]] = Table.__subclasses__()
