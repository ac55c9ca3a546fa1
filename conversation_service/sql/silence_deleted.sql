-- PARAMETERS: uuid, bigint
-- Ends a turn of a locked conversation that nobody answers yet where all its customer's messages are deleted, and closes it
-- for joining: conversation, turn.
WITH silenced AS (
    UPDATE turns t SET state = 'silent', reason = 'deleted', finished_at = clock_timestamp(), lease_until = NULL
    WHERE t.conversation_id = $1 AND t.turn_no = $2
        -- Says "pending" so that the planner takes the primary key, not the index of all pending turns.
        AND t.state NOT IN ('running', 'done', 'silent')
        AND NOT EXISTS (
            SELECT FROM messages m WHERE m.conversation_id = $1 AND m.turn_no = $2 AND m.author = 'customer'
                AND m.deleted_at IS NULL)
    RETURNING t.turn_no, t.reason
), closed AS (
    UPDATE conversations c SET open_count = 0 FROM silenced WHERE c.id = $1 AND c.next_turn - 1 = silenced.turn_no
)
SELECT turn_no, reason FROM silenced
