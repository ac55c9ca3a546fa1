import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Surface(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SURFACE_UNSPECIFIED: _ClassVar[Surface]
    SURFACE_LIVE: _ClassVar[Surface]
    SURFACE_MESSAGING: _ClassVar[Surface]

class Author(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTHOR_UNSPECIFIED: _ClassVar[Author]
    AUTHOR_CUSTOMER: _ClassVar[Author]
    AUTHOR_ASSISTANT: _ClassVar[Author]
    AUTHOR_HUMAN: _ClassVar[Author]
    AUTHOR_SYSTEM: _ClassVar[Author]
SURFACE_UNSPECIFIED: Surface
SURFACE_LIVE: Surface
SURFACE_MESSAGING: Surface
AUTHOR_UNSPECIFIED: Author
AUTHOR_CUSTOMER: Author
AUTHOR_ASSISTANT: Author
AUTHOR_HUMAN: Author
AUTHOR_SYSTEM: Author

class ReceiveRequest(_message.Message):
    __slots__ = ("events", "rate_limits")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    rate_limits: _containers.RepeatedCompositeFieldContainer[RateLimit]
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., rate_limits: _Optional[_Iterable[_Union[RateLimit, _Mapping]]] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("key", "burst", "per_minute")
    KEY_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    key: str
    burst: int
    per_minute: int
    def __init__(self, key: _Optional[str] = ..., burst: _Optional[int] = ..., per_minute: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("channel", "account", "event_key", "thread_key", "surface", "conversation_id", "sender", "platform_time", "received_at", "raw", "reply_window_seconds", "message", "edit", "deletion", "reaction", "status", "read_mark", "echo", "referral", "alias_change", "preference", "unsupported", "poison")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    SURFACE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    REPLY_WINDOW_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    DELETION_FIELD_NUMBER: _ClassVar[int]
    REACTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    READ_MARK_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    REFERRAL_FIELD_NUMBER: _ClassVar[int]
    ALIAS_CHANGE_FIELD_NUMBER: _ClassVar[int]
    PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    UNSUPPORTED_FIELD_NUMBER: _ClassVar[int]
    POISON_FIELD_NUMBER: _ClassVar[int]
    channel: str
    account: str
    event_key: str
    thread_key: str
    surface: Surface
    conversation_id: str
    sender: Sender
    platform_time: _timestamp_pb2.Timestamp
    received_at: _timestamp_pb2.Timestamp
    raw: bytes
    reply_window_seconds: int
    message: MessageContent
    edit: Edit
    deletion: Deletion
    reaction: Reaction
    status: DeliveryStatus
    read_mark: ReadMark
    echo: Echo
    referral: Referral
    alias_change: AliasChange
    preference: Preference
    unsupported: Unsupported
    poison: Poison
    def __init__(self, channel: _Optional[str] = ..., account: _Optional[str] = ..., event_key: _Optional[str] = ..., thread_key: _Optional[str] = ..., surface: _Optional[_Union[Surface, str]] = ..., conversation_id: _Optional[str] = ..., sender: _Optional[_Union[Sender, _Mapping]] = ..., platform_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., raw: _Optional[bytes] = ..., reply_window_seconds: _Optional[int] = ..., message: _Optional[_Union[MessageContent, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ..., deletion: _Optional[_Union[Deletion, _Mapping]] = ..., reaction: _Optional[_Union[Reaction, _Mapping]] = ..., status: _Optional[_Union[DeliveryStatus, _Mapping]] = ..., read_mark: _Optional[_Union[ReadMark, _Mapping]] = ..., echo: _Optional[_Union[Echo, _Mapping]] = ..., referral: _Optional[_Union[Referral, _Mapping]] = ..., alias_change: _Optional[_Union[AliasChange, _Mapping]] = ..., preference: _Optional[_Union[Preference, _Mapping]] = ..., unsupported: _Optional[_Union[Unsupported, _Mapping]] = ..., poison: _Optional[_Union[Poison, _Mapping]] = ...) -> None: ...

class Sender(_message.Message):
    __slots__ = ("external_id", "display_name", "aliases")
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    external_id: str
    display_name: str
    aliases: _containers.RepeatedCompositeFieldContainer[Alias]
    def __init__(self, external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., aliases: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("kind", "value")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    value: str
    def __init__(self, kind: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class MessageContent(_message.Message):
    __slots__ = ("text", "attachments", "location", "contacts", "choice", "reply_to_key", "forwarded", "referral", "structured_json")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_KEY_FIELD_NUMBER: _ClassVar[int]
    FORWARDED_FIELD_NUMBER: _ClassVar[int]
    REFERRAL_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_JSON_FIELD_NUMBER: _ClassVar[int]
    text: str
    attachments: _containers.RepeatedCompositeFieldContainer[Attachment]
    location: Location
    contacts: _containers.RepeatedCompositeFieldContainer[ContactCard]
    choice: Choice
    reply_to_key: str
    forwarded: bool
    referral: Referral
    structured_json: str
    def __init__(self, text: _Optional[str] = ..., attachments: _Optional[_Iterable[_Union[Attachment, _Mapping]]] = ..., location: _Optional[_Union[Location, _Mapping]] = ..., contacts: _Optional[_Iterable[_Union[ContactCard, _Mapping]]] = ..., choice: _Optional[_Union[Choice, _Mapping]] = ..., reply_to_key: _Optional[str] = ..., forwarded: _Optional[bool] = ..., referral: _Optional[_Union[Referral, _Mapping]] = ..., structured_json: _Optional[str] = ...) -> None: ...

class Attachment(_message.Message):
    __slots__ = ("kind", "media_id", "url", "mime_type", "file_name", "sha256", "size")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    media_id: str
    url: str
    mime_type: str
    file_name: str
    sha256: str
    size: int
    def __init__(self, kind: _Optional[str] = ..., media_id: _Optional[str] = ..., url: _Optional[str] = ..., mime_type: _Optional[str] = ..., file_name: _Optional[str] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class Location(_message.Message):
    __slots__ = ("latitude", "longitude", "name", "address")
    LATITUDE_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    latitude: float
    longitude: float
    name: str
    address: str
    def __init__(self, latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., name: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class ContactCard(_message.Message):
    __slots__ = ("name", "phones", "emails")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PHONES_FIELD_NUMBER: _ClassVar[int]
    EMAILS_FIELD_NUMBER: _ClassVar[int]
    name: str
    phones: _containers.RepeatedScalarFieldContainer[str]
    emails: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., phones: _Optional[_Iterable[str]] = ..., emails: _Optional[_Iterable[str]] = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("id", "title")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    id: str
    title: str
    def __init__(self, id: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("target_key", "content")
    TARGET_KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    target_key: str
    content: MessageContent
    def __init__(self, target_key: _Optional[str] = ..., content: _Optional[_Union[MessageContent, _Mapping]] = ...) -> None: ...

class Deletion(_message.Message):
    __slots__ = ("target_key",)
    TARGET_KEY_FIELD_NUMBER: _ClassVar[int]
    target_key: str
    def __init__(self, target_key: _Optional[str] = ...) -> None: ...

class Reaction(_message.Message):
    __slots__ = ("target_key", "emoji")
    TARGET_KEY_FIELD_NUMBER: _ClassVar[int]
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    target_key: str
    emoji: str
    def __init__(self, target_key: _Optional[str] = ..., emoji: _Optional[str] = ...) -> None: ...

class DeliveryStatus(_message.Message):
    __slots__ = ("provider_id", "delivery_id", "state", "error_code", "error_text", "reason")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[DeliveryStatus.State]
        STATE_SENT: _ClassVar[DeliveryStatus.State]
        STATE_DELIVERED: _ClassVar[DeliveryStatus.State]
        STATE_READ: _ClassVar[DeliveryStatus.State]
        STATE_FAILED: _ClassVar[DeliveryStatus.State]
    STATE_UNSPECIFIED: DeliveryStatus.State
    STATE_SENT: DeliveryStatus.State
    STATE_DELIVERED: DeliveryStatus.State
    STATE_READ: DeliveryStatus.State
    STATE_FAILED: DeliveryStatus.State
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_TEXT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    delivery_id: str
    state: DeliveryStatus.State
    error_code: str
    error_text: str
    reason: str
    def __init__(self, provider_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., state: _Optional[_Union[DeliveryStatus.State, str]] = ..., error_code: _Optional[str] = ..., error_text: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReadMark(_message.Message):
    __slots__ = ("provider_id", "until")
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, provider_id: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Echo(_message.Message):
    __slots__ = ("provider_id", "delivery_id", "app_id", "content", "origin")
    class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ORIGIN_UNSPECIFIED: _ClassVar[Echo.Origin]
        ORIGIN_OURS: _ClassVar[Echo.Origin]
        ORIGIN_OTHER: _ClassVar[Echo.Origin]
    ORIGIN_UNSPECIFIED: Echo.Origin
    ORIGIN_OURS: Echo.Origin
    ORIGIN_OTHER: Echo.Origin
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    delivery_id: str
    app_id: str
    content: MessageContent
    origin: Echo.Origin
    def __init__(self, provider_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., app_id: _Optional[str] = ..., content: _Optional[_Union[MessageContent, _Mapping]] = ..., origin: _Optional[_Union[Echo.Origin, str]] = ...) -> None: ...

class Referral(_message.Message):
    __slots__ = ("source", "source_id", "ref", "headline")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    HEADLINE_FIELD_NUMBER: _ClassVar[int]
    source: str
    source_id: str
    ref: str
    headline: str
    def __init__(self, source: _Optional[str] = ..., source_id: _Optional[str] = ..., ref: _Optional[str] = ..., headline: _Optional[str] = ...) -> None: ...

class AliasChange(_message.Message):
    __slots__ = ("old", "new")
    OLD_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    old: Alias
    new: Alias
    def __init__(self, old: _Optional[_Union[Alias, _Mapping]] = ..., new: _Optional[_Union[Alias, _Mapping]] = ...) -> None: ...

class Preference(_message.Message):
    __slots__ = ("opted_out", "category")
    OPTED_OUT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    opted_out: bool
    category: str
    def __init__(self, opted_out: _Optional[bool] = ..., category: _Optional[str] = ...) -> None: ...

class Unsupported(_message.Message):
    __slots__ = ("kind",)
    KIND_FIELD_NUMBER: _ClassVar[int]
    kind: str
    def __init__(self, kind: _Optional[str] = ...) -> None: ...

class Poison(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ReceiveResponse(_message.Message):
    __slots__ = ("receipts",)
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    def __init__(self, receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("event_key", "outcome", "conversation_id", "message_id", "seq", "rev", "turn_no", "reason")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[Receipt.Outcome]
        OUTCOME_RECORDED: _ClassVar[Receipt.Outcome]
        OUTCOME_DUPLICATE: _ClassVar[Receipt.Outcome]
        OUTCOME_CONFLICT: _ClassVar[Receipt.Outcome]
        OUTCOME_POISON: _ClassVar[Receipt.Outcome]
    OUTCOME_UNSPECIFIED: Receipt.Outcome
    OUTCOME_RECORDED: Receipt.Outcome
    OUTCOME_DUPLICATE: Receipt.Outcome
    OUTCOME_CONFLICT: Receipt.Outcome
    OUTCOME_POISON: Receipt.Outcome
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REV_FIELD_NUMBER: _ClassVar[int]
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    event_key: str
    outcome: Receipt.Outcome
    conversation_id: str
    message_id: str
    seq: int
    rev: int
    turn_no: int
    reason: str
    def __init__(self, event_key: _Optional[str] = ..., outcome: _Optional[_Union[Receipt.Outcome, str]] = ..., conversation_id: _Optional[str] = ..., message_id: _Optional[str] = ..., seq: _Optional[int] = ..., rev: _Optional[int] = ..., turn_no: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class FollowRequest(_message.Message):
    __slots__ = ("subscribe", "unsubscribe")
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    UNSUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    subscribe: Subscribe
    unsubscribe: Unsubscribe
    def __init__(self, subscribe: _Optional[_Union[Subscribe, _Mapping]] = ..., unsubscribe: _Optional[_Union[Unsubscribe, _Mapping]] = ...) -> None: ...

class Subscribe(_message.Message):
    __slots__ = ("subscription_id", "conversation_id", "channel", "account", "after_rev", "without_previews")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AFTER_REV_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_PREVIEWS_FIELD_NUMBER: _ClassVar[int]
    subscription_id: int
    conversation_id: str
    channel: str
    account: str
    after_rev: int
    without_previews: bool
    def __init__(self, subscription_id: _Optional[int] = ..., conversation_id: _Optional[str] = ..., channel: _Optional[str] = ..., account: _Optional[str] = ..., after_rev: _Optional[int] = ..., without_previews: _Optional[bool] = ...) -> None: ...

class Unsubscribe(_message.Message):
    __slots__ = ("subscription_id",)
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    subscription_id: int
    def __init__(self, subscription_id: _Optional[int] = ...) -> None: ...

class FollowResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[FollowEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[FollowEvent, _Mapping]]] = ...) -> None: ...

class FollowEvent(_message.Message):
    __slots__ = ("subscription_ids", "message", "delta", "reset", "typing", "ownership", "turn_silent", "ended")
    SUBSCRIPTION_IDS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    TYPING_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_FIELD_NUMBER: _ClassVar[int]
    TURN_SILENT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    subscription_ids: _containers.RepeatedScalarFieldContainer[int]
    message: Message
    delta: PreviewDelta
    reset: PreviewReset
    typing: Typing
    ownership: OwnershipChange
    turn_silent: TurnSilent
    ended: SubscriptionEnded
    def __init__(self, subscription_ids: _Optional[_Iterable[int]] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., delta: _Optional[_Union[PreviewDelta, _Mapping]] = ..., reset: _Optional[_Union[PreviewReset, _Mapping]] = ..., typing: _Optional[_Union[Typing, _Mapping]] = ..., ownership: _Optional[_Union[OwnershipChange, _Mapping]] = ..., turn_silent: _Optional[_Union[TurnSilent, _Mapping]] = ..., ended: _Optional[_Union[SubscriptionEnded, _Mapping]] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("id", "seq", "rev", "author", "kind", "text", "attachments", "turn_no", "created_at", "platform_time", "edited_at", "deleted_at", "meta", "event_key")
    ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REV_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_TIME_FIELD_NUMBER: _ClassVar[int]
    EDITED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    seq: int
    rev: int
    author: Author
    kind: str
    text: str
    attachments: _containers.RepeatedCompositeFieldContainer[Attachment]
    turn_no: int
    created_at: _timestamp_pb2.Timestamp
    platform_time: _timestamp_pb2.Timestamp
    edited_at: _timestamp_pb2.Timestamp
    deleted_at: _timestamp_pb2.Timestamp
    meta: ReplyMeta
    event_key: str
    def __init__(self, id: _Optional[str] = ..., seq: _Optional[int] = ..., rev: _Optional[int] = ..., author: _Optional[_Union[Author, str]] = ..., kind: _Optional[str] = ..., text: _Optional[str] = ..., attachments: _Optional[_Iterable[_Union[Attachment, _Mapping]]] = ..., turn_no: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., platform_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., edited_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., meta: _Optional[_Union[ReplyMeta, _Mapping]] = ..., event_key: _Optional[str] = ...) -> None: ...

class ReplyMeta(_message.Message):
    __slots__ = ("provider", "model", "used_fallback", "error_code", "prompt_tokens", "completion_tokens", "latency_ms", "citations")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USED_FALLBACK_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    used_fallback: bool
    error_code: str
    prompt_tokens: int
    completion_tokens: int
    latency_ms: int
    citations: _containers.RepeatedCompositeFieldContainer[Citation]
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., used_fallback: _Optional[bool] = ..., error_code: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., latency_ms: _Optional[int] = ..., citations: _Optional[_Iterable[_Union[Citation, _Mapping]]] = ...) -> None: ...

class Citation(_message.Message):
    __slots__ = ("source", "title")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    source: str
    title: str
    def __init__(self, source: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class PreviewDelta(_message.Message):
    __slots__ = ("turn_no", "text", "replace")
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    turn_no: int
    text: str
    replace: bool
    def __init__(self, turn_no: _Optional[int] = ..., text: _Optional[str] = ..., replace: _Optional[bool] = ...) -> None: ...

class PreviewReset(_message.Message):
    __slots__ = ("turn_no",)
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    turn_no: int
    def __init__(self, turn_no: _Optional[int] = ...) -> None: ...

class Typing(_message.Message):
    __slots__ = ("author", "active")
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    author: Author
    active: bool
    def __init__(self, author: _Optional[_Union[Author, str]] = ..., active: _Optional[bool] = ...) -> None: ...

class OwnershipChange(_message.Message):
    __slots__ = ("owner", "rev")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    REV_FIELD_NUMBER: _ClassVar[int]
    owner: Author
    rev: int
    def __init__(self, owner: _Optional[_Union[Author, str]] = ..., rev: _Optional[int] = ...) -> None: ...

class TurnSilent(_message.Message):
    __slots__ = ("turn_no", "reason")
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    turn_no: int
    reason: str
    def __init__(self, turn_no: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class SubscriptionEnded(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ListMessagesRequest(_message.Message):
    __slots__ = ("conversation_id", "channel", "account", "after_rev", "page_size")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AFTER_REV_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    channel: str
    account: str
    after_rev: int
    page_size: int
    def __init__(self, conversation_id: _Optional[str] = ..., channel: _Optional[str] = ..., account: _Optional[str] = ..., after_rev: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListMessagesResponse(_message.Message):
    __slots__ = ("messages", "rev", "more")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    REV_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    rev: int
    more: bool
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ..., rev: _Optional[int] = ..., more: _Optional[bool] = ...) -> None: ...

class ClaimDeliveriesRequest(_message.Message):
    __slots__ = ("worker", "channels", "limit", "terms")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    worker: str
    channels: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    terms: _containers.RepeatedCompositeFieldContainer[ChannelTerms]
    def __init__(self, worker: _Optional[str] = ..., channels: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., terms: _Optional[_Iterable[_Union[ChannelTerms, _Mapping]]] = ...) -> None: ...

class ChannelTerms(_message.Message):
    __slots__ = ("channel", "account_per_minute", "recipient_interval_ms", "recipient_burst", "typing_refresh_ms")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_BURST_FIELD_NUMBER: _ClassVar[int]
    TYPING_REFRESH_MS_FIELD_NUMBER: _ClassVar[int]
    channel: str
    account_per_minute: int
    recipient_interval_ms: int
    recipient_burst: int
    typing_refresh_ms: int
    def __init__(self, channel: _Optional[str] = ..., account_per_minute: _Optional[int] = ..., recipient_interval_ms: _Optional[int] = ..., recipient_burst: _Optional[int] = ..., typing_refresh_ms: _Optional[int] = ...) -> None: ...

class ClaimDeliveriesResponse(_message.Message):
    __slots__ = ("deliveries", "typing")
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    TYPING_FIELD_NUMBER: _ClassVar[int]
    deliveries: _containers.RepeatedCompositeFieldContainer[Delivery]
    typing: _containers.RepeatedCompositeFieldContainer[TypingSignal]
    def __init__(self, deliveries: _Optional[_Iterable[_Union[Delivery, _Mapping]]] = ..., typing: _Optional[_Iterable[_Union[TypingSignal, _Mapping]]] = ...) -> None: ...

class TypingSignal(_message.Message):
    __slots__ = ("channel", "account", "thread_key", "message_key", "recipient")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    channel: str
    account: str
    thread_key: str
    message_key: str
    recipient: _containers.RepeatedCompositeFieldContainer[Alias]
    def __init__(self, channel: _Optional[str] = ..., account: _Optional[str] = ..., thread_key: _Optional[str] = ..., message_key: _Optional[str] = ..., recipient: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("id", "fence", "conversation_id", "channel", "account", "thread_key", "out_seq", "part", "text", "reply_to_key", "attempt", "lease_until", "request_id", "recipient", "author")
    ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    OUT_SEQ_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_KEY_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    LEASE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    id: str
    fence: int
    conversation_id: str
    channel: str
    account: str
    thread_key: str
    out_seq: int
    part: int
    text: str
    reply_to_key: str
    attempt: int
    lease_until: _timestamp_pb2.Timestamp
    request_id: str
    recipient: _containers.RepeatedCompositeFieldContainer[Alias]
    author: Author
    def __init__(self, id: _Optional[str] = ..., fence: _Optional[int] = ..., conversation_id: _Optional[str] = ..., channel: _Optional[str] = ..., account: _Optional[str] = ..., thread_key: _Optional[str] = ..., out_seq: _Optional[int] = ..., part: _Optional[int] = ..., text: _Optional[str] = ..., reply_to_key: _Optional[str] = ..., attempt: _Optional[int] = ..., lease_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ..., recipient: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ..., author: _Optional[_Union[Author, str]] = ...) -> None: ...

class SplitDeliveryRequest(_message.Message):
    __slots__ = ("delivery_id", "fence", "texts")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    fence: int
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, delivery_id: _Optional[str] = ..., fence: _Optional[int] = ..., texts: _Optional[_Iterable[str]] = ...) -> None: ...

class SplitDeliveryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SettleDeliveryRequest(_message.Message):
    __slots__ = ("delivery_id", "fence", "http_status", "accepted", "not_accepted", "rejected", "unknown")
    class Accepted(_message.Message):
        __slots__ = ("provider_id",)
        PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
        provider_id: str
        def __init__(self, provider_id: _Optional[str] = ...) -> None: ...
    class NotAccepted(_message.Message):
        __slots__ = ("error_code", "retry_after_ms", "scope")
        class Scope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            SCOPE_UNSPECIFIED: _ClassVar[SettleDeliveryRequest.NotAccepted.Scope]
            SCOPE_RECIPIENT: _ClassVar[SettleDeliveryRequest.NotAccepted.Scope]
            SCOPE_ACCOUNT: _ClassVar[SettleDeliveryRequest.NotAccepted.Scope]
        SCOPE_UNSPECIFIED: SettleDeliveryRequest.NotAccepted.Scope
        SCOPE_RECIPIENT: SettleDeliveryRequest.NotAccepted.Scope
        SCOPE_ACCOUNT: SettleDeliveryRequest.NotAccepted.Scope
        ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
        RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
        SCOPE_FIELD_NUMBER: _ClassVar[int]
        error_code: str
        retry_after_ms: int
        scope: SettleDeliveryRequest.NotAccepted.Scope
        def __init__(self, error_code: _Optional[str] = ..., retry_after_ms: _Optional[int] = ..., scope: _Optional[_Union[SettleDeliveryRequest.NotAccepted.Scope, str]] = ...) -> None: ...
    class Rejected(_message.Message):
        __slots__ = ("error_code", "reason")
        ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        error_code: str
        reason: str
        def __init__(self, error_code: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
    class Unknown(_message.Message):
        __slots__ = ("error_code",)
        ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
        error_code: str
        def __init__(self, error_code: _Optional[str] = ...) -> None: ...
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    NOT_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    fence: int
    http_status: int
    accepted: SettleDeliveryRequest.Accepted
    not_accepted: SettleDeliveryRequest.NotAccepted
    rejected: SettleDeliveryRequest.Rejected
    unknown: SettleDeliveryRequest.Unknown
    def __init__(self, delivery_id: _Optional[str] = ..., fence: _Optional[int] = ..., http_status: _Optional[int] = ..., accepted: _Optional[_Union[SettleDeliveryRequest.Accepted, _Mapping]] = ..., not_accepted: _Optional[_Union[SettleDeliveryRequest.NotAccepted, _Mapping]] = ..., rejected: _Optional[_Union[SettleDeliveryRequest.Rejected, _Mapping]] = ..., unknown: _Optional[_Union[SettleDeliveryRequest.Unknown, _Mapping]] = ...) -> None: ...

class SettleDeliveryResponse(_message.Message):
    __slots__ = ("state", "applied")
    STATE_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    state: str
    applied: bool
    def __init__(self, state: _Optional[str] = ..., applied: _Optional[bool] = ...) -> None: ...

class ListParkedRequest(_message.Message):
    __slots__ = ("channels", "limit")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    def __init__(self, channels: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ...) -> None: ...

class ListParkedResponse(_message.Message):
    __slots__ = ("deliveries",)
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    deliveries: _containers.RepeatedCompositeFieldContainer[ParkedDelivery]
    def __init__(self, deliveries: _Optional[_Iterable[_Union[ParkedDelivery, _Mapping]]] = ...) -> None: ...

class ParkedDelivery(_message.Message):
    __slots__ = ("id", "channel", "account", "conversation_id", "text", "reason", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    channel: str
    account: str
    conversation_id: str
    text: str
    reason: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., channel: _Optional[str] = ..., account: _Optional[str] = ..., conversation_id: _Optional[str] = ..., text: _Optional[str] = ..., reason: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ResolveParkedRequest(_message.Message):
    __slots__ = ("delivery_id", "decision")
    class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DECISION_UNSPECIFIED: _ClassVar[ResolveParkedRequest.Decision]
        DECISION_RESEND: _ClassVar[ResolveParkedRequest.Decision]
        DECISION_DROP: _ClassVar[ResolveParkedRequest.Decision]
    DECISION_UNSPECIFIED: ResolveParkedRequest.Decision
    DECISION_RESEND: ResolveParkedRequest.Decision
    DECISION_DROP: ResolveParkedRequest.Decision
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    decision: ResolveParkedRequest.Decision
    def __init__(self, delivery_id: _Optional[str] = ..., decision: _Optional[_Union[ResolveParkedRequest.Decision, str]] = ...) -> None: ...

class ResolveParkedResponse(_message.Message):
    __slots__ = ("state", "applied")
    STATE_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    state: str
    applied: bool
    def __init__(self, state: _Optional[str] = ..., applied: _Optional[bool] = ...) -> None: ...

class SetOwnerRequest(_message.Message):
    __slots__ = ("conversation_id", "owner", "reason")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    owner: Author
    reason: str
    def __init__(self, conversation_id: _Optional[str] = ..., owner: _Optional[_Union[Author, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class SetOwnerResponse(_message.Message):
    __slots__ = ("owner", "rev")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    REV_FIELD_NUMBER: _ClassVar[int]
    owner: Author
    rev: int
    def __init__(self, owner: _Optional[_Union[Author, str]] = ..., rev: _Optional[int] = ...) -> None: ...

class PreviewRequest(_message.Message):
    __slots__ = ("conversation_id", "turn_no", "fence", "channel", "account")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    turn_no: int
    fence: int
    channel: str
    account: str
    def __init__(self, conversation_id: _Optional[str] = ..., turn_no: _Optional[int] = ..., fence: _Optional[int] = ..., channel: _Optional[str] = ..., account: _Optional[str] = ...) -> None: ...

class PreviewResponse(_message.Message):
    __slots__ = ("delta", "reset")
    DELTA_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    delta: PreviewDelta
    reset: PreviewReset
    def __init__(self, delta: _Optional[_Union[PreviewDelta, _Mapping]] = ..., reset: _Optional[_Union[PreviewReset, _Mapping]] = ...) -> None: ...
