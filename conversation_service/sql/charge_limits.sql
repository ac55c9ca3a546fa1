-- PARAMETERS: text[], float8[], float8[]
-- Charges one call to each allowance (generic cell rate algorithm): key, seconds that one call costs, seconds of burst.
-- Returns one row an allowance: the key, and the seconds until it would be granted (0: granted now).
WITH input AS (
    SELECT * FROM unnest($1, $2, $3) AS i (key, cost, burst)
), charged AS (
    INSERT INTO rate_limits AS r (key, arrival_at)
    SELECT key, now() + make_interval(secs => cost) FROM input ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        arrival_at = greatest(r.arrival_at, now()) + (excluded.arrival_at - now())
    WHERE r.arrival_at <= now()
        + (SELECT make_interval(secs => burst - cost) FROM input WHERE input.key = r.key)
    RETURNING key
)
SELECT i.key, CASE WHEN charged.key IS NOT NULL THEN 0
    ELSE greatest(0.001, extract(epoch FROM r.arrival_at - now()) - (i.burst - i.cost)) END::float8
FROM input i LEFT JOIN charged USING (key) LEFT JOIN rate_limits r USING (key)
