"""The body of POST /chat/message: 400 for what cannot be read as JSON, 422 for what can, but is not a message."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

from web_gateway.errors import ApiError

MESSAGE_LIMIT = 4000  # characters (code points)
BODY_LIMIT = 64 * 1024  # bytes; 4,000 characters, each escaped as two \uXXXX, stay below it

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
# Letters, marks and symbols that show nothing all the same: fillers, joiners, the empty braille cell.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def _shows_something(character: str) -> bool:
    if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff":
        return False  # the ranges: variation selectors and tags
    # Not Cn, unassigned: a newer Unicode than Python's may have an emoji there.
    return unicodedata.category(character) not in {"Zs", "Zl", "Zp", "Cc", "Cf"}


def _is_sayable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("message_invalid", "The message holds a NUL character: leave it out.")
    if not any(map(_shows_something, text)):
        raise PydanticCustomError("message_empty", "The message is empty: write something.")
    return text


class MessageBody(BaseModel):
    """The body of POST /chat/message; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    message: Annotated[str, AfterValidator(_is_sayable)] = Field(
        min_length=1, max_length=MESSAGE_LIMIT, description="What the customer writes; passed on unchanged."
    )
    session_id: str | None = Field(
        None, alias="sessionId", description="The session's token, unless Authorization carries it; none: a new one."
    )
    client_message_id: str | None = Field(
        None, alias="clientMessageId", pattern=_UUID, description="A UUID that makes the call safe to repeat."
    )


def read_message(content: bytes) -> MessageBody:
    """What was posted, or ApiError."""
    if not content.strip():
        raise ApiError(400, "json_invalid", 'The body is empty: send JSON such as {"message": "Hello"}.')
    try:
        value = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise ApiError(400, "json_invalid", f"The body is not JSON in UTF-8: {error}.") from error
    try:
        return MessageBody.model_validate(value)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ApiError:
    problem = error.errors(include_input=False, include_url=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else ""
    kind = problem["type"]
    if kind in ("message_invalid", "message_empty"):
        return ApiError(422, kind, problem["msg"])
    if field == "message":
        return {
            "string_too_long": ApiError(
                422, "message_too_long", f"The message is longer than {MESSAGE_LIMIT} characters: shorten or split it."
            ),
            "string_too_short": ApiError(422, "message_empty", "The message is empty: write something."),
        }.get(kind, ApiError(422, "message_invalid", 'The field "message" must be there and be a string.'))
    if field == "clientMessageId":
        return ApiError(422, "client_message_id_invalid", 'The field "clientMessageId" must be a UUID.')
    if field == "sessionId":
        return ApiError(422, "session_id_invalid", 'The field "sessionId" must be a string: the session\'s token.')
    return ApiError(422, "body_invalid", 'The body must be a JSON object such as {"message": "Hello"}.')
