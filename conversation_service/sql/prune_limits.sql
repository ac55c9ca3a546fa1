-- PARAMETERS: integer, integer
-- Forgets allowances that are whole again, for they say nothing that a missing row does not say: how many, how many to
-- leave out. No index helps here, because each charge would have to write to it; the rows are those of the last minutes.
WITH gone AS (
    DELETE FROM rate_limits WHERE key = ANY (ARRAY(
        SELECT key FROM rate_limits WHERE arrival_at < now() LIMIT $1 OFFSET $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'rate_limits', count(*) FROM gone
