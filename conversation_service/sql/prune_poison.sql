-- PARAMETERS: integer, integer, integer
-- Forgets poison that nobody requeued: days, how many, how many to leave out.
WITH gone AS (
    DELETE FROM poison_events WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM poison_events
        WHERE received_at < now() - make_interval(days => $1)
        ORDER BY received_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'poison_events', count(*) FROM gone
