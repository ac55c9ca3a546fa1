-- PARAMETERS: uuid, bigint, bigint, text
-- Ends a turn without a reply: conversation, turn, fence, reason.
WITH conversation AS (
    SELECT id FROM conversations WHERE id = $1 FOR UPDATE
)
UPDATE turns t SET state = 'silent', reason = $4, finished_at = clock_timestamp(), lease_until = NULL
FROM conversation
WHERE t.conversation_id = $1 AND t.turn_no = $2 AND t.fence = $3 AND t.state = 'running'
RETURNING t.turn_no
