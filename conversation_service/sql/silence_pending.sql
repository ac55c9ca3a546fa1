-- PARAMETERS: uuid, text
-- Ends what waits to be answered in a locked conversation, and what of the assistant's waits to be sent: conversation, why.
-- Returns the turns that ended.
WITH unsent AS (
    UPDATE deliveries d SET state = 'cancelled', reason = $2, settled_at = clock_timestamp()
    FROM messages m
    WHERE d.conversation_id = $1 AND d.state = 'queued' AND m.id = d.message_id AND m.author <> 'human'
), ended AS (
    UPDATE turns SET state = 'silent', reason = $2, finished_at = clock_timestamp(), lease_until = NULL
    WHERE conversation_id = $1 AND state = 'pending'
    RETURNING turn_no
)
SELECT turn_no FROM ended ORDER BY turn_no
