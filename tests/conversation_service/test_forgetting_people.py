"""A person is forgotten with their last conversation, under all the names that they had."""

from tests.conversation_service.effects.test_people import BSUID, PHONE, written
from tests.conversation_service.test_janitor import InRoom, Room, in_room

__all__ = ["in_room"]  # the fixture

AGE = """
    UPDATE turns SET state = 'done', finished_at = now();
    UPDATE messages SET created_at = now() - interval '40 days';
    UPDATE conversations SET last_customer_at = now() - interval '40 days', created_at = now() - interval '40 days'
"""


def test_a_person_who_still_talks_elsewhere_is_remembered(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        await room.conversation(31)
        here = await room.conversation(1)
        room.query("UPDATE conversations SET participant_id = (SELECT min(id::text)::uuid FROM participants)")
        await room.janitor().clean()
        assert room.query("SELECT id::text FROM conversations") == [(here,)]
        talks = "SELECT count(*) FROM participants p JOIN conversations c ON c.participant_id = p.id"
        assert room.query(talks) == [(1,)]

    in_room(scenario)


def test_people_who_turned_out_to_be_one_are_forgotten_together(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        for names in ([("phone", PHONE)], [("bsuid", BSUID)], [("phone", PHONE), ("bsuid", BSUID)]):
            await room.record(written(str(names), *names))
        assert (room.count("participants"), room.count("conversations WHERE continues_in IS NOT NULL")) == (2, 1)
        room.query(AGE)
        await room.janitor().clean()
        left = {table: room.count(table) for table in ("conversations", "participant_aliases", "participants")}
        assert set(left.values()) == {0}, left

    in_room(scenario)
