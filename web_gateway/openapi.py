"""The OpenAPI 3.1 document, built from the types that the views use."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from web_gateway import bodies, message_body

_REF = "#/components/schemas/{model}"
_ANSWERS = (
    bodies.ErrorBody,
    bodies.SessionBody,
    bodies.PendingBody,
    bodies.ReplyBody,
    bodies.SilentBody,
    bodies.MessagesBody,
)
_BEARER: list[dict[str, list[str]]] = [{"session": []}]
_OPTIONAL_BEARER = [*_BEARER, {}]
_AFTER = {
    "name": "after",
    "in": "query",
    "description": "Only what changed after this revision.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_999, "default": 0},
}
_EVENTS = {"text/event-stream": {"schema": {"type": "string"}}}


def document() -> dict[str, Any]:
    """The whole document; the same for the life of a process."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Spur web chat", "version": "1"},
        "paths": {
            "/chat/session": {"post": _open_session()},
            "/chat/message": {"post": _post_message()},
            "/chat/messages": {"get": _list_messages()},
            "/chat/events": {"get": _follow()},
            "/healthz": {"get": _probe("Whether this process answers.")},
            "/readyz": {"get": _probe("Whether it can reach the conversation service.")},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of POST /chat/session. Never put it into an address.",
                }
            },
        },
    }


def _open_session() -> dict[str, Any]:
    return {
        "summary": "Open a session, or renew the one that is shown. Nothing is stored.",
        "security": _OPTIONAL_BEARER,
        "responses": {"200": _json("The session.", "SessionBody"), **_errors("404")},
    }


def _post_message() -> dict[str, Any]:
    answer = {"oneOf": [{"$ref": _REF.format(model=name)} for name in ("ReplyBody", "SilentBody")]}
    events = "accepted, delta, reset, then reply, error or reconnect, where Accept asks for text/event-stream"
    return {
        "summary": "Say something. Safe to repeat with the same clientMessageId.",
        "security": _OPTIONAL_BEARER,
        "parameters": [
            {
                "name": "Prefer",
                "in": "header",
                "schema": {"type": "string"},
                "description": "respond-async: 202 at once.",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model="MessageBody")}}},
        },
        "responses": {
            "200": {
                "description": f"The reply, or why there is none; as events ({events}).",
                "content": {"application/json": {"schema": answer}, **_EVENTS},
            },
            "202": _json("Stored; the reply will come.", "PendingBody"),
            **_errors("400", "404", "408", "409", "413", "415", "422", "429", "500", "503"),
        },
    }


def _list_messages() -> dict[str, Any]:
    return {
        "summary": "The history, by revision.",
        "security": _BEARER,
        "parameters": [_AFTER],
        "responses": {"200": _json("A page.", "MessagesBody"), **_errors("404", "422", "500", "503")},
    }


def _follow() -> dict[str, Any]:
    last = {"name": "Last-Event-ID", "in": "header", "schema": _AFTER["schema"], "description": "Goes before `after`."}
    return {
        "summary": "Everything that happens, as server-sent events; `id` is the revision to resume from.",
        "security": _BEARER,
        "parameters": [_AFTER, last],
        "responses": {
            "200": {
                "description": "message, delta, reset, typing, owner, silent, reconnect.",
                "content": _EVENTS,
            },
            **_errors("404", "422", "503"),
        },
    }


def _probe(summary: str) -> dict[str, Any]:
    body = {"application/json": {"schema": {"type": "object", "properties": {"status": {"type": "string"}}}}}
    return {"summary": summary, "responses": {"200": {"description": "Yes.", "content": body}, **_errors("503")}}


def _json(description: str, model: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": _REF.format(model=model)}}},
    }


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: _json("See `error.code`.", "ErrorBody") for status in statuses}


def _schemas() -> dict[str, Any]:
    _, request = models_json_schema([(message_body.MessageBody, "validation")], ref_template=_REF)
    adapters = [(answer, "serialization", TypeAdapter(answer)) for answer in _ANSWERS]
    _, answers = TypeAdapter.json_schemas(adapters, ref_template=_REF)  # type: ignore[arg-type]
    return {**request["$defs"], **answers["$defs"]}
