"""What is to be sent, every attempt at it, and our accounts at platforms."""

import peewee
from playhouse.postgres_ext import DateTimeTZField

from conversation_service.models.conversations import Conversation, Message
from conversation_service.models.table import Table


class Delivery(Table):
    id = peewee.UUIDField(primary_key=True)
    conversation = peewee.ForeignKeyField(Conversation)
    channel = peewee.TextField()
    account = peewee.TextField()
    out_seq = peewee.BigIntegerField()
    message = peewee.ForeignKeyField(Message)
    part = peewee.SmallIntegerField()
    text = peewee.TextField()
    state = peewee.TextField()
    reason = peewee.TextField(null=True)
    fence = peewee.BigIntegerField()
    worker = peewee.TextField(null=True)
    lease_until = DateTimeTZField(null=True)
    attempts = peewee.SmallIntegerField()
    run_at = DateTimeTZField()
    blind_resends = peewee.SmallIntegerField()
    provider_id = peewee.TextField(null=True)
    status = peewee.TextField(null=True)
    request_id = peewee.TextField(null=True)
    created_at = DateTimeTZField()
    settled_at = DateTimeTZField(null=True)
    proven_at = DateTimeTZField(null=True)


class DeliveryAttempt(Table):
    delivery = peewee.ForeignKeyField(Delivery)
    fence = peewee.BigIntegerField()
    started_at = DateTimeTZField()
    settled_at = DateTimeTZField(null=True)
    outcome = peewee.TextField(null=True)
    http_status = peewee.IntegerField(null=True)
    error_code = peewee.TextField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("delivery", "fence")


class SendingAccount(Table):
    channel = peewee.TextField()
    account = peewee.TextField()
    paced_at = DateTimeTZField(null=True)
    paused_until = DateTimeTZField(null=True)
    pause_reason = peewee.TextField(null=True)
    pauses = peewee.SmallIntegerField()
    proven_through = DateTimeTZField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("channel", "account")
