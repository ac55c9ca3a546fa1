-- PARAMETERS: uuid[], bigint[], bigint[], float8
-- Extends leases, at most to some seconds past the turn's deadline, in which the safe text is committed: conversation,
-- turn, fence; seconds. Never shortens one. Returns those still held.
WITH held AS MATERIALIZED (
    SELECT t.conversation_id, t.turn_no
    FROM unnest($1, $2, $3) AS i (conversation_id, turn_no, fence) JOIN turns t USING (conversation_id, turn_no, fence)
    -- Says "running" so that the planner takes the primary key, not the index of all running turns.
    WHERE t.state NOT IN ('pending', 'done', 'silent')
    ORDER BY t.conversation_id, t.turn_no FOR UPDATE OF t
)
UPDATE turns t SET lease_until = greatest(
    t.lease_until, least(t.deadline_at + interval '5 s', clock_timestamp() + make_interval(secs => $4)))
FROM held h
WHERE t.conversation_id = h.conversation_id AND t.turn_no = h.turn_no
RETURNING t.conversation_id, t.turn_no, t.fence
