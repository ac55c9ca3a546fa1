-- PARAMETERS: uuid, uuid, text, text, text, timestamptz
-- Changes a message of a locked conversation, and keeps what it said: message, conversation, new text, new content (null: as
-- it was), kind (null: as it was), when it was edited by the platform's clock. Returns the message as it is then; nothing
-- where it is deleted, or was edited later than that.
WITH old AS MATERIALIZED (
    SELECT id, rev, text, coalesce($6, clock_timestamp()) AS edited_at FROM messages
    WHERE id = $1 AND deleted_at IS NULL AND (edited_at IS NULL OR edited_at <= coalesce($6, clock_timestamp()))
), counted AS (
    UPDATE conversations c SET next_rev = c.next_rev + 1 FROM old WHERE c.id = $2
    RETURNING c.id, c.channel, c.account, c.next_rev - 1 AS rev
), kept AS (
    INSERT INTO message_edits (message_id, rev, text, edited_at)
    SELECT id, rev, text, edited_at FROM old WHERE text <> $3
)
UPDATE messages m SET
    text = $3, content = CASE WHEN $4 IS NULL THEN m.content ELSE coalesce(m.content, '{}') || $4::jsonb END,
    kind = coalesce($5, m.kind), rev = counted.rev, edited_at = old.edited_at
FROM old, counted WHERE m.id = old.id
RETURNING counted.id, counted.channel, counted.account, m.id, m.seq, m.rev, m.author, m.kind, m.text, m.content, m.turn_no,
    m.event_key, m.platform_time, m.created_at, m.edited_at, m.deleted_at, m.meta
