"""What is looked up for every event and every claim costs as much as is asked for, however much there is."""

from conversation_service.config import ConversationSettings
from tests.conversation_service.test_plans import Tables, tables

__all__ = ["tables"]  # the fixture

UUID = "00000000-0000-4000-8000-000000000000"
PEOPLE, TURNS = 2_000, 30
SEED = """
    INSERT INTO participants (id) SELECT md5('p' || g)::uuid FROM generate_series(1, %(people)s) g;
    INSERT INTO participant_aliases (participant_id, channel, account, kind, value)
        SELECT md5('p' || g)::uuid, 'whatsapp', 'default', 'phone', g::text FROM generate_series(1, %(people)s) g;
    INSERT INTO conversations
        (id, channel, account, thread_key, surface, participant_id, next_seq, next_turn, next_rev, reply_window_seconds,
            last_customer_at)
        SELECT md5('t' || g)::uuid, 'whatsapp', 'default', g::text, 'messaging', md5('p' || g)::uuid, 2,
            %(turns)s + 1, 2, 86400, now()
        FROM generate_series(1, %(people)s) g;
    INSERT INTO turns (conversation_id, turn_no, input_through_seq, state, finished_at, created_at)
        SELECT md5('t' || g)::uuid, n, n, 'done', now(), now() FROM generate_series(1, %(people)s) g,
            generate_series(1, %(turns)s - 1) n;
    INSERT INTO turns (conversation_id, turn_no, input_through_seq)
        SELECT md5('t' || g)::uuid, %(turns)s, %(turns)s FROM generate_series(1, 10) g
"""


def test_finding_a_person_reads_their_names_and_no_others(tables: Tables) -> None:
    tables.prepare("find_people", [], [], [], [])
    tables.change(SEED, people=PEOPLE, turns=TURNS)
    names = ["whatsapp"] * 3, ["default"] * 3, ["", "id", "phone"], ["7"] * 3
    assert tables.rows_touched("find_people", *names) < 100


def test_the_rules_of_a_claim_read_a_few_turns_of_its_own_conversation(tables: Tables) -> None:
    hourly = ConversationSettings.model_fields["replies_per_hour"].default
    claim = 64, "worker", 15.0, 60.0, hourly
    tables.prepare("claim_turns", *claim)
    tables.change(SEED, people=PEOPLE, turns=TURNS)
    assert tables.rows_touched("claim_turns", *claim) < 10 * 60


def test_a_mixed_batch_locks_its_own_conversations_and_looks_at_no_others(tables: Tables) -> None:
    nothing: list[list[object]] = [[] for _ in range(18)]
    rest = 2.0, 8.0, 60.0, None, None, None
    tables.prepare("record_events", *nothing, *rest)
    tables.change(SEED, people=PEOPLE, turns=TURNS)
    row = [
        "whatsapp",
        "default",
        "reaction:1",
        "7",
        "reaction",
        "messaging",
        UUID,
        None,
        "text",
        b"x",
        None,
        "",
        None,
        None,
    ]
    columns = [[value] for value in (*row, "", None, 0, None)]
    assert tables.rows_touched("record_events", *columns, *rest) < 100
