"""What arrived, what of it could not take effect or is not understood yet, and the allowances of who sends it."""

import peewee
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

from conversation_service.models.conversations import Conversation
from conversation_service.models.table import Table


class InboundEvent(Table):
    channel = peewee.TextField()
    account = peewee.TextField()
    event_key = peewee.TextField()
    thread_key = peewee.TextField()
    kind = peewee.TextField()
    meaning_sha = peewee.BlobField()
    message_id = peewee.UUIDField(null=True)
    raw_body = peewee.BlobField(column_name="raw", null=True)  # `raw` is a method of every model
    outcome = peewee.TextField()
    received_at = DateTimeTZField()

    class Meta:
        primary_key = peewee.CompositeKey("channel", "account", "event_key")


class EventConflict(Table):
    id = peewee.BigAutoField()
    channel = peewee.TextField()
    account = peewee.TextField()
    event_key = peewee.TextField()
    kind = peewee.TextField()
    meaning_sha = peewee.BlobField()
    raw_body = peewee.BlobField(column_name="raw", null=True)  # `raw` is a method of every model
    event = peewee.BlobField(null=True)
    received_at = DateTimeTZField()


class PoisonEvent(Table):
    id = peewee.BigAutoField()
    channel = peewee.TextField()
    account = peewee.TextField()
    event_key = peewee.TextField()
    reason = peewee.TextField()
    event = peewee.BlobField()
    event_sha = peewee.BlobField()
    received_at = DateTimeTZField()


class HeldEcho(Table):
    channel = peewee.TextField()
    account = peewee.TextField()
    event_key = peewee.TextField()
    conversation = peewee.ForeignKeyField(Conversation)
    provider_id = peewee.TextField()
    origin = peewee.TextField()
    text = peewee.TextField()
    content = BinaryJSONField(null=True)
    platform_time = DateTimeTZField(null=True)
    received_at = DateTimeTZField()

    class Meta:
        table_name = "held_echoes"
        primary_key = peewee.CompositeKey("channel", "account", "event_key")


class EarlyStatus(Table):
    channel = peewee.TextField()
    account = peewee.TextField()
    provider_id = peewee.TextField()
    status = peewee.TextField()
    reason = peewee.TextField(null=True)
    received_at = DateTimeTZField()

    class Meta:
        primary_key = peewee.CompositeKey("channel", "account", "provider_id")


class RateLimit(Table):
    key = peewee.TextField(primary_key=True)
    arrival_at = DateTimeTZField()
