-- PARAMETERS: integer, integer
-- Forgets echoes that nobody could judge, after a day: how many, how many to leave out.
WITH gone AS (
    DELETE FROM held_echoes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM held_echoes WHERE received_at < now() - interval '1 day'
        ORDER BY received_at LIMIT $1 OFFSET $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'held_echoes', count(*) FROM gone
