from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_CUSTOMER: _ClassVar[Role]
    ROLE_ASSISTANT: _ClassVar[Role]
    ROLE_HUMAN: _ClassVar[Role]
ROLE_UNSPECIFIED: Role
ROLE_CUSTOMER: Role
ROLE_ASSISTANT: Role
ROLE_HUMAN: Role

class GenerateReplyRequest(_message.Message):
    __slots__ = ("start", "tool_decision")
    START_FIELD_NUMBER: _ClassVar[int]
    TOOL_DECISION_FIELD_NUMBER: _ClassVar[int]
    start: Start
    tool_decision: ToolDecision
    def __init__(self, start: _Optional[_Union[Start, _Mapping]] = ..., tool_decision: _Optional[_Union[ToolDecision, _Mapping]] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("conversation_id", "turn_no", "fence", "channel", "history", "safe_text")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_NO_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    SAFE_TEXT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    turn_no: int
    fence: int
    channel: str
    history: _containers.RepeatedCompositeFieldContainer[HistoryMessage]
    safe_text: str
    def __init__(self, conversation_id: _Optional[str] = ..., turn_no: _Optional[int] = ..., fence: _Optional[int] = ..., channel: _Optional[str] = ..., history: _Optional[_Iterable[_Union[HistoryMessage, _Mapping]]] = ..., safe_text: _Optional[str] = ...) -> None: ...

class HistoryMessage(_message.Message):
    __slots__ = ("role", "text")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    role: Role
    text: str
    def __init__(self, role: _Optional[_Union[Role, str]] = ..., text: _Optional[str] = ...) -> None: ...

class ToolDecision(_message.Message):
    __slots__ = ("call_key", "grant", "receipt", "refusal")
    class Grant(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Receipt(_message.Message):
        __slots__ = ("result_json",)
        RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
        result_json: str
        def __init__(self, result_json: _Optional[str] = ...) -> None: ...
    class Refusal(_message.Message):
        __slots__ = ("reason",)
        REASON_FIELD_NUMBER: _ClassVar[int]
        reason: str
        def __init__(self, reason: _Optional[str] = ...) -> None: ...
    CALL_KEY_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    call_key: str
    grant: ToolDecision.Grant
    receipt: ToolDecision.Receipt
    refusal: ToolDecision.Refusal
    def __init__(self, call_key: _Optional[str] = ..., grant: _Optional[_Union[ToolDecision.Grant, _Mapping]] = ..., receipt: _Optional[_Union[ToolDecision.Receipt, _Mapping]] = ..., refusal: _Optional[_Union[ToolDecision.Refusal, _Mapping]] = ...) -> None: ...

class GenerateReplyResponse(_message.Message):
    __slots__ = ("delta", "reset", "tool_intent", "final")
    DELTA_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    TOOL_INTENT_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    delta: Delta
    reset: Reset
    tool_intent: ToolIntent
    final: Final
    def __init__(self, delta: _Optional[_Union[Delta, _Mapping]] = ..., reset: _Optional[_Union[Reset, _Mapping]] = ..., tool_intent: _Optional[_Union[ToolIntent, _Mapping]] = ..., final: _Optional[_Union[Final, _Mapping]] = ...) -> None: ...

class Delta(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Reset(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ToolIntent(_message.Message):
    __slots__ = ("call_key", "name", "arguments_json")
    CALL_KEY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_JSON_FIELD_NUMBER: _ClassVar[int]
    call_key: str
    name: str
    arguments_json: str
    def __init__(self, call_key: _Optional[str] = ..., name: _Optional[str] = ..., arguments_json: _Optional[str] = ...) -> None: ...

class Final(_message.Message):
    __slots__ = ("text", "citations", "provider", "model", "used_fallback", "error_code", "calls", "tool_receipts", "prompt_version", "knowledge_version", "latency_ms")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USED_FALLBACK_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    KNOWLEDGE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    text: str
    citations: _containers.RepeatedCompositeFieldContainer[Citation]
    provider: str
    model: str
    used_fallback: bool
    error_code: str
    calls: _containers.RepeatedCompositeFieldContainer[Call]
    tool_receipts: _containers.RepeatedCompositeFieldContainer[ToolReceipt]
    prompt_version: str
    knowledge_version: str
    latency_ms: int
    def __init__(self, text: _Optional[str] = ..., citations: _Optional[_Iterable[_Union[Citation, _Mapping]]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., used_fallback: _Optional[bool] = ..., error_code: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[Call, _Mapping]]] = ..., tool_receipts: _Optional[_Iterable[_Union[ToolReceipt, _Mapping]]] = ..., prompt_version: _Optional[str] = ..., knowledge_version: _Optional[str] = ..., latency_ms: _Optional[int] = ...) -> None: ...

class Citation(_message.Message):
    __slots__ = ("source", "title")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    source: str
    title: str
    def __init__(self, source: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("provider", "model", "error_code", "prompt_tokens", "completion_tokens", "latency_ms", "first_token_ms", "cost_micros")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    error_code: str
    prompt_tokens: int
    completion_tokens: int
    latency_ms: int
    first_token_ms: int
    cost_micros: int
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., error_code: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., latency_ms: _Optional[int] = ..., first_token_ms: _Optional[int] = ..., cost_micros: _Optional[int] = ...) -> None: ...

class ToolReceipt(_message.Message):
    __slots__ = ("call_key", "name", "result_json")
    CALL_KEY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    call_key: str
    name: str
    result_json: str
    def __init__(self, call_key: _Optional[str] = ..., name: _Optional[str] = ..., result_json: _Optional[str] = ...) -> None: ...
