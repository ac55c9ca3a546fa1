-- PARAMETERS:
-- Puts turns whose worker fell silent back into the line; the next claim raises the fence against the old worker.
UPDATE turns t SET state = 'pending', run_at = clock_timestamp(), worker = NULL, lease_until = NULL
FROM (
    SELECT conversation_id, turn_no FROM turns
    WHERE state = 'running' AND lease_until < clock_timestamp()
    FOR UPDATE SKIP LOCKED
) e
WHERE t.conversation_id = e.conversation_id AND t.turn_no = e.turn_no
RETURNING t.conversation_id, t.turn_no
