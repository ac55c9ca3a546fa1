-- PARAMETERS: uuid, uuid, text, text, text, timestamptz, text, boolean
-- Stores what a person of the shop wrote in a locked conversation: conversation, message id, text, content (null: none),
-- event key (null: none), when it was written by the platform's clock, kind, whether it is still to be sent. Returns the
-- message; nothing where it is stored already.
WITH counted AS (
    UPDATE conversations SET
        status = 'open', next_seq = next_seq + 1, next_rev = next_rev + 1, next_out = next_out + ($8 AND surface = 'messaging')::int
    WHERE id = $1 AND NOT EXISTS (SELECT FROM messages WHERE id = $2)
    RETURNING id, channel, account, surface, next_seq - 1 AS seq, next_rev - 1 AS rev, next_out - 1 AS out_seq,
        next_turn - 1 AS turn_no
), said AS (
    INSERT INTO messages
        (id, conversation_id, seq, rev, author, kind, text, content, turn_no, event_key, platform_time, created_at)
    SELECT $2, id, seq, rev, 'human', $7, $3, $4::jsonb, turn_no, $5, $6, clock_timestamp() FROM counted
    RETURNING *
), queued AS (
    INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text)
    SELECT id, channel, account, out_seq, $2, 0, $3 FROM counted WHERE $8 AND surface = 'messaging'
)
SELECT c.id, c.channel, c.account, m.id, m.seq, m.rev, m.author, m.kind, m.text, m.content, m.turn_no, m.event_key,
    m.platform_time, m.created_at, m.edited_at, m.deleted_at, m.meta
FROM said m CROSS JOIN counted c
