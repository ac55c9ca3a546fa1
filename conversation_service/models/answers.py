"""What is to be answered, and what was asked of models and tools for it."""

import peewee
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

from conversation_service.models.conversations import Conversation
from conversation_service.models.table import Table


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
