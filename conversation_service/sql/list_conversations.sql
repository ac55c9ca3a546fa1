-- PARAMETERS: date, timestamptz, uuid, integer, boolean, text, text
-- Conversations, those whose customer wrote last first: before that day, time and id, how many, whether with what was
-- said last, only of this channel and of this owner (empty: all). Those that go on under another id are left out.
WITH picked AS (
    (SELECT id FROM conversations
    WHERE $7 <> 'human' AND active_on <= $1 AND (active_on, coalesce(last_customer_at, created_at), id) < ($1, $2, $3)
        AND continues_in IS NULL AND ($6 = '' OR channel = $6) AND ($7 = '' OR owner = $7)
    ORDER BY active_on DESC, coalesce(last_customer_at, created_at) DESC, id DESC LIMIT $4)
    UNION ALL
    -- Those that a person has are few among many, and have an index of their own, by when that person wrote; the other one
    -- is kept away from them.
    (SELECT id FROM conversations
    WHERE $7 = 'human' AND owner = 'human' AND human_at IS NOT NULL
        AND (active_on + 0, coalesce(last_customer_at, created_at), id) < ($1, $2, $3)
        AND continues_in IS NULL AND ($6 = '' OR channel = $6)
    ORDER BY active_on DESC, coalesce(last_customer_at, created_at) DESC, id DESC LIMIT $4)
)
SELECT c.active_on, coalesce(c.last_customer_at, c.created_at), c.id, c.channel, c.account, c.owner, c.status,
    c.last_customer_at, c.thread_key, p.display_name, m.author, m.text
FROM picked
JOIN conversations c ON c.id = picked.id
LEFT JOIN participants p ON p.id = c.participant_id
LEFT JOIN LATERAL (
    SELECT author, text FROM messages
    WHERE $5 AND conversation_id = c.id AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1
) m ON true
ORDER BY c.active_on DESC, coalesce(c.last_customer_at, c.created_at) DESC, c.id DESC LIMIT $4
