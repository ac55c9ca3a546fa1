-- PARAMETERS: uuid[], bigint[], bigint[], float8
-- Extends leases, never past the turn's deadline: conversation, turn, fence; seconds. Returns those still held.
UPDATE turns t SET lease_until = least(t.deadline_at, clock_timestamp() + make_interval(secs => $4))
FROM (SELECT * FROM unnest($1, $2, $3) AS i (conversation_id, turn_no, fence) ORDER BY 1, 2) i
WHERE t.conversation_id = i.conversation_id AND t.turn_no = i.turn_no AND t.fence = i.fence AND t.state = 'running'
RETURNING t.conversation_id, t.turn_no
