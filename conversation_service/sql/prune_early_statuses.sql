-- PARAMETERS: integer, integer
-- Forgets what came about messages that are not ours, after a day: how many, how many to leave out.
WITH gone AS (
    DELETE FROM early_statuses WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM early_statuses WHERE received_at < now() - interval '1 day'
        ORDER BY received_at LIMIT $1 OFFSET $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'early_statuses', count(*) FROM gone
