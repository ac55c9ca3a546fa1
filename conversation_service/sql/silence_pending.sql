-- PARAMETERS: uuid, text
-- Ends what waits to be answered in a locked conversation, and what of the assistant's waits to be sent: conversation, why.
-- Returns the turns that ended.
WITH unsent AS (
    UPDATE deliveries d SET state = 'cancelled', reason = $2, settled_at = clock_timestamp()
    FROM messages m
    WHERE d.conversation_id = $1 AND d.state IN ('queued', 'sending', 'unknown') AND d.state NOT IN ('sending', 'unknown')
        AND m.id = d.message_id AND m.author <> 'human'
), ended AS (
    UPDATE turns SET state = 'silent', reason = $2, finished_at = clock_timestamp(), lease_until = NULL
    -- Says "pending" so that the planner takes the index by conversations, not that of all pending turns.
    WHERE conversation_id = $1 AND state IN ('pending', 'running') AND state <> 'running'
    RETURNING turn_no
)
SELECT turn_no FROM ended ORDER BY turn_no
