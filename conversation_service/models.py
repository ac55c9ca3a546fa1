"""The tables as peewee models; a test holds them against the migrated schema."""

import re
from typing import Any

import peewee
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

database = peewee.DatabaseProxy()


def _table_name(model: type[peewee.Model]) -> str:
    """ParticipantAlias lives in participant_aliases."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    return re.sub("y$", "ie", re.sub("s$", "se", words)) + "s"


class Table(peewee.Model):
    class Meta:
        database = database
        table_function = _table_name


class Participant(Table):
    id = peewee.UUIDField(primary_key=True)
    display_name = peewee.TextField(null=True)
    merged_into = peewee.ForeignKeyField("self", column_name="merged_into", null=True)
    created_at = DateTimeTZField()


class ParticipantAlias(Table):
    id = peewee.BigAutoField()
    channel = peewee.TextField()
    account = peewee.TextField()
    kind = peewee.TextField()
    value = peewee.TextField()
    participant = peewee.ForeignKeyField(Participant)
    valid_from = DateTimeTZField()
    valid_until = DateTimeTZField(null=True)


class Conversation(Table):
    id = peewee.UUIDField(primary_key=True)
    channel = peewee.TextField()
    account = peewee.TextField()
    thread_key = peewee.TextField()
    surface = peewee.TextField()
    participant = peewee.ForeignKeyField(Participant, null=True)
    owner = peewee.TextField()
    owner_epoch = peewee.BigIntegerField()
    owner_rev = peewee.BigIntegerField()
    status = peewee.TextField()
    open_count = peewee.SmallIntegerField()
    next_seq = peewee.BigIntegerField()
    next_turn = peewee.BigIntegerField()
    next_out = peewee.BigIntegerField()
    next_rev = peewee.BigIntegerField()
    last_customer_at = DateTimeTZField(null=True)
    active_on = peewee.DateField(null=True)  # generated: the day of last_customer_at, else of created_at
    continues_in = peewee.ForeignKeyField("self", column_name="continues_in", null=True)
    created_at = DateTimeTZField()
    reply_window_seconds = peewee.IntegerField()
    opted_out_at = DateTimeTZField(null=True)
    owner_reason = peewee.TextField(null=True)
    human_at = DateTimeTZField(null=True)
    paced_at = DateTimeTZField(null=True)


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


class Turn(Table):
    conversation = peewee.ForeignKeyField(Conversation)
    turn_no = peewee.BigIntegerField()
    state = peewee.TextField()
    input_through_seq = peewee.BigIntegerField()
    fence = peewee.BigIntegerField()
    owner_epoch = peewee.BigIntegerField()
    worker = peewee.TextField(null=True)
    lease_until = DateTimeTZField(null=True)
    attempts = peewee.SmallIntegerField()
    run_at = DateTimeTZField()
    deadline_at = DateTimeTZField(null=True)
    reason = peewee.TextField(null=True)
    request_id = peewee.TextField(null=True)
    trace_parent = peewee.TextField(null=True)
    created_at = DateTimeTZField()
    finished_at = DateTimeTZField(null=True)
    typing_at = DateTimeTZField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("conversation", "turn_no")


class Message(Table):
    id = peewee.UUIDField(primary_key=True)
    conversation = peewee.ForeignKeyField(Conversation)
    seq = peewee.BigIntegerField()
    rev = peewee.BigIntegerField()
    author = peewee.TextField()
    kind = peewee.TextField()
    text = peewee.TextField()
    content = BinaryJSONField(null=True)
    turn_no = peewee.BigIntegerField()
    event_key = peewee.TextField(null=True)
    platform_time = DateTimeTZField(null=True)
    meta = BinaryJSONField(null=True)
    created_at = DateTimeTZField()
    edited_at = DateTimeTZField(null=True)
    deleted_at = DateTimeTZField(null=True)


class MessageEdit(Table):
    message = peewee.ForeignKeyField(Message)
    rev = peewee.BigIntegerField()
    text = peewee.TextField()
    edited_at = DateTimeTZField()

    class Meta:
        primary_key = peewee.CompositeKey("message", "rev")


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


class LlmCall(Table):
    conversation = peewee.ForeignKeyField(Conversation)
    turn_no = peewee.BigIntegerField()
    fence = peewee.BigIntegerField()
    rung = peewee.SmallIntegerField()
    provider = peewee.TextField()
    model = peewee.TextField()
    used_fallback = peewee.BooleanField()
    error_code = peewee.TextField()
    prompt_tokens = peewee.IntegerField()
    completion_tokens = peewee.IntegerField()
    latency_ms = peewee.IntegerField()
    first_token_ms = peewee.IntegerField()
    cost_micros = peewee.BigIntegerField()
    prompt_version = peewee.TextField()
    knowledge_version = peewee.TextField()
    request_id = peewee.TextField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        primary_key = peewee.CompositeKey("conversation", "turn_no", "fence", "rung")


class ToolCall(Table):
    conversation_id = peewee.UUIDField()
    turn_no = peewee.BigIntegerField()
    call_key = peewee.TextField()
    name = peewee.TextField()
    arguments = BinaryJSONField()
    state = peewee.TextField()
    result = BinaryJSONField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        primary_key = peewee.CompositeKey("conversation_id", "turn_no", "call_key")


class RateLimit(Table):
    key = peewee.TextField(primary_key=True)
    arrival_at = DateTimeTZField()


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


TABLES: list[type[Any]] = Table.__subclasses__()
