"""Events of a messaging platform as the gateway names them, for tests."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from protos import conversation_pb2 as pb

START = datetime(2026, 1, 1, tzinfo=UTC)


def platform_event(thread: str, key: str, at: int | None = None, **content: Any) -> pb.Event:
    """`at`: seconds on the platform's clock."""
    event = pb.Event(
        channel="whatsapp",
        account="default",
        event_key=key,
        thread_key=thread,
        surface=pb.SURFACE_MESSAGING,
        raw=b'{"raw":true}',
        **content,
    )
    if at is not None:
        event.platform_time.FromDatetime(START + timedelta(seconds=at))
    return event


def message(thread: str, text: str, key: str, at: int | None = None) -> pb.Event:
    return platform_event(thread, f"message:{key}", at, message=pb.MessageContent(text=text))


def edit(thread: str, key: str, text: str, at: int | None = None) -> pb.Event:
    content = pb.Edit(target_key=f"message:{key}", content=pb.MessageContent(text=text))
    return platform_event(thread, f"edit:{uuid.uuid4()}", at, edit=content)


def deletion(thread: str, key: str) -> pb.Event:
    return platform_event(thread, f"deletion:{key}", deletion=pb.Deletion(target_key=f"message:{key}"))
