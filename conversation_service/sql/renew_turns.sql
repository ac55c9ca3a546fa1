-- PARAMETERS: uuid[], bigint[], bigint[], float8
-- Extends leases, at most to some seconds past the turn's deadline, in which the safe text is committed: conversation,
-- turn, fence; seconds. Never shortens one. Returns those still held.
UPDATE turns t SET lease_until = greatest(
    t.lease_until, least(t.deadline_at + interval '5 s', clock_timestamp() + make_interval(secs => $4)))
FROM (SELECT * FROM unnest($1, $2, $3) AS i (conversation_id, turn_no, fence) ORDER BY 1, 2) i
WHERE t.conversation_id = i.conversation_id AND t.turn_no = i.turn_no AND t.fence = i.fence AND t.state = 'running'
RETURNING t.conversation_id, t.turn_no, t.fence
