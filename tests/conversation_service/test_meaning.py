"""What makes two events with one key the same: what they say, not how a platform wrote it down this time."""

import pytest

from conversation_service.events import read
from protos import conversation_pb2 as pb


def meaning(**message: object) -> bytes:
    event = pb.Event(
        channel="instagram",
        account="1",
        event_key="message:m_1",
        thread_key="ann",
        surface=pb.SURFACE_MESSAGING,
        message=pb.MessageContent(**message),  # type: ignore[arg-type]
    )
    return read(event).meaning


def picture(**fields: str) -> pb.Attachment:
    return pb.Attachment(kind="image", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (picture(media_id="1", url="https://cdn.test/a?sig=1"), picture(media_id="1", url="https://cdn.test/b")),
        (picture(url="https://cdn.test/a?sig=1"), picture(url="https://cdn.test/a?sig=2")),
    ],
)
def test_a_file_whose_address_is_signed_anew_is_the_same(first: pb.Attachment, second: pb.Attachment) -> None:
    assert meaning(text="look", attachments=[first]) == meaning(text="look", attachments=[second])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"text": "a"}, {"text": "b"}),
        ({"text": "a"}, {"text": "a", "reply_to_key": "message:m_0"}),
        ({"attachments": [picture(media_id="1")]}, {"attachments": [picture(media_id="2")]}),
        ({"attachments": [picture(url="https://cdn.test/a")]}, {"attachments": [picture(url="https://cdn.test/b")]}),
    ],
)
def test_another_text_file_or_target_is_another_meaning(first: dict[str, object], second: dict[str, object]) -> None:
    assert meaning(**first) != meaning(**second)
