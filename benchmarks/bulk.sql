-- Fills a migrated database: %(conversations)s conversations of %(messages)s messages each, the first one number %(first)s.
-- Their ids are 00000000-0000-4000-8000-<number in hexadecimal>, in order, so that a million takes seconds.
SET session_replication_role = replica; -- no look at foreign keys, row by row

CREATE TEMPORARY VIEW numbered AS
SELECT n, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
FROM generate_series(%(first)s, %(first)s + %(conversations)s - 1) n;

INSERT INTO conversations
    (id, channel, account, thread_key, surface, open_count, next_seq, next_turn, next_rev, last_customer_at)
SELECT id, 'web', 'default', id::text, 'live', 0, %(messages)s + 1, %(messages)s / 2 + 1, %(messages)s + 1, now()
FROM numbered;

INSERT INTO turns (conversation_id, turn_no, state, input_through_seq, fence, attempts, finished_at)
SELECT id, turn_no, 'done', turn_no * 2 - 1, 1, 1, now()
FROM numbered CROSS JOIN generate_series(1, %(messages)s / 2) turn_no;

INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no, event_key)
SELECT ('00000000-0000-4000-9' || lpad(to_hex(seq), 6, '0') || lpad(to_hex(n), 9, '0'))::uuid, id, seq, seq,
    CASE seq %% 2 WHEN 1 THEN 'customer' ELSE 'assistant' END, repeat('What was said. ', 5), (seq + 1) / 2,
    CASE seq %% 2 WHEN 1 THEN id || ':' || seq END
FROM numbered CROSS JOIN generate_series(1, %(messages)s) seq;

INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, message_id, outcome)
SELECT 'web', 'default', event_key, conversation_id::text, 'message', sha256('meaning'), id, 'message'
FROM messages
WHERE author = 'customer' AND conversation_id IN (SELECT id FROM numbered);

DROP VIEW numbered;
