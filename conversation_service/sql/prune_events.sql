-- PARAMETERS: integer, integer, integer
-- Forgets the keys of events that nobody repeats any more: days, how many, how many to leave out.
WITH gone AS (
    DELETE FROM inbound_events WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM inbound_events
        WHERE received_at < now() - make_interval(days => $1)
        ORDER BY received_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'inbound_events', count(*) FROM gone
