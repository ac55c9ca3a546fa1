"""People, their conversations, and what was said in them."""

import peewee
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

from conversation_service.models.table import Table


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
