-- PARAMETERS: uuid
-- Puts a parked delivery back into its conversation's line, due now. The conversation is locked before it.
WITH conversation AS (
    SELECT id FROM conversations WHERE id = (SELECT conversation_id FROM deliveries WHERE id = $1) FOR UPDATE
)
UPDATE deliveries d SET state = 'queued', run_at = clock_timestamp(), reason = NULL, settled_at = NULL
FROM conversation c
WHERE d.id = $1 AND d.conversation_id = c.id AND d.state = 'parked'
RETURNING d.id
