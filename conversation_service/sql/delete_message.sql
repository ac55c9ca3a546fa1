-- PARAMETERS: uuid, uuid
-- Blanks a message of a locked conversation, and what it said before it was edited: message, conversation. Returns the
-- message as it is then; nothing where it is blank already.
WITH target AS MATERIALIZED (
    SELECT id FROM messages WHERE id = $1 AND deleted_at IS NULL
), counted AS (
    UPDATE conversations c SET next_rev = c.next_rev + 1 FROM target WHERE c.id = $2
    RETURNING c.id, c.channel, c.account, c.next_rev - 1 AS rev
), forgotten AS (
    DELETE FROM message_edits WHERE message_id = $1
)
UPDATE messages m SET text = '', content = NULL, rev = counted.rev, deleted_at = clock_timestamp()
FROM target, counted WHERE m.id = target.id
RETURNING counted.id, counted.channel, counted.account, m.id, m.seq, m.rev, m.author, m.kind, m.text, m.content, m.turn_no,
    m.event_key, m.platform_time, m.created_at, m.edited_at, m.deleted_at, m.meta
