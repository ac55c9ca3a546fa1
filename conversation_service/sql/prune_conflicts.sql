-- PARAMETERS: integer, integer, integer
-- Forgets conflicts that nobody requeued: days, how many, how many to leave out.
WITH gone AS (
    DELETE FROM event_conflicts WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_conflicts
        WHERE received_at < now() - make_interval(days => $1)
        ORDER BY received_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'event_conflicts', count(*) FROM gone
