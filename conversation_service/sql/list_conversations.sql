-- PARAMETERS: date, timestamptz, uuid, integer, boolean, text, text
-- Conversations, those whose customer wrote last first: before that day, time and id, how many, whether with what was
-- said last, only of this channel and of this owner (empty: all). Those that go on under another id are left out.
SELECT c.active_on, coalesce(c.last_customer_at, c.created_at), c.id, c.channel, c.account, c.owner, c.status,
    c.last_customer_at, c.thread_key, p.display_name, m.author, m.text
FROM conversations c
LEFT JOIN participants p ON p.id = c.participant_id
LEFT JOIN LATERAL (
    SELECT author, text FROM messages
    WHERE $5 AND conversation_id = c.id AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1
) m ON true
WHERE c.active_on <= $1 AND (c.active_on, coalesce(c.last_customer_at, c.created_at), c.id) < ($1, $2, $3)
    AND c.continues_in IS NULL AND ($6 = '' OR c.channel = $6) AND ($7 = '' OR c.owner = $7)
ORDER BY c.active_on DESC, coalesce(c.last_customer_at, c.created_at) DESC, c.id DESC LIMIT $4
