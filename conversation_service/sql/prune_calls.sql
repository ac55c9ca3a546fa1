-- PARAMETERS: integer, integer, integer
-- Forgets what was asked of models: days, how many, how many to leave out.
WITH gone AS (
    DELETE FROM llm_calls WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM llm_calls
        WHERE created_at < now() - make_interval(days => $1)
        ORDER BY created_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'llm_calls', count(*) FROM gone
