-- PARAMETERS: uuid[], bigint[], bigint[], text
-- Hands a worker's unfinished turns back at once, without counting the attempt: conversation, turn, fence; worker.
WITH held AS MATERIALIZED (
    SELECT t.conversation_id, t.turn_no
    FROM unnest($1, $2, $3) AS i (conversation_id, turn_no, fence) JOIN turns t USING (conversation_id, turn_no, fence)
    -- Says "running" so that the planner takes the primary key, not the index of all running turns.
    WHERE t.state NOT IN ('pending', 'done', 'silent') AND t.worker = $4
    ORDER BY t.conversation_id, t.turn_no FOR UPDATE OF t
)
UPDATE turns t SET state = 'pending', run_at = clock_timestamp(), attempts = t.attempts - 1, worker = NULL, lease_until = NULL
FROM held h
WHERE t.conversation_id = h.conversation_id AND t.turn_no = h.turn_no
