-- PARAMETERS: uuid[], bigint[], bigint[]
-- Hands unfinished turns back at once, without counting the attempt: conversation, turn, fence.
UPDATE turns t SET state = 'pending', run_at = clock_timestamp(), attempts = t.attempts - 1, worker = NULL, lease_until = NULL
FROM unnest($1, $2, $3) AS i (conversation_id, turn_no, fence)
WHERE t.conversation_id = i.conversation_id AND t.turn_no = i.turn_no AND t.fence = i.fence AND t.state = 'running'
