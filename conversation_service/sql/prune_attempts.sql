-- PARAMETERS: integer, integer, integer
-- Forgets the attempts of deliveries that are settled: days, how many, how many to leave out.
WITH gone AS (
    DELETE FROM delivery_attempts WHERE ctid = ANY (ARRAY(
        SELECT a.ctid FROM delivery_attempts a
        WHERE a.started_at < now() - make_interval(days => $1)
            AND (SELECT d.state FROM deliveries d WHERE d.id = a.delivery_id) IN ('sent', 'dead', 'cancelled')
        ORDER BY a.started_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'delivery_attempts', count(*) FROM gone
