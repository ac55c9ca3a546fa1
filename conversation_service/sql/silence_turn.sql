-- PARAMETERS: uuid, bigint, bigint, text
-- Ends a turn without a reply: conversation, turn, fence, reason. Where it is that a person owns the conversation, or
-- closed it, only if that is so: it may have been given back in the meantime.
WITH conversation AS (
    SELECT owner, status FROM conversations WHERE id = $1 FOR UPDATE
)
UPDATE turns t SET state = 'silent', reason = $4, finished_at = clock_timestamp(), lease_until = NULL
FROM conversation
WHERE t.conversation_id = $1 AND t.turn_no = $2 AND t.fence = $3 AND t.state = 'running'
    AND (conversation.owner = 'human' OR conversation.status = 'closed' OR $4 <> 'human_owner')
RETURNING t.turn_no
