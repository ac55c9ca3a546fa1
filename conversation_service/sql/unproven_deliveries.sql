-- PARAMETERS: float8, float8, integer
-- Unknown deliveries that can be given up for lost: no proof so many seconds after their attempt began, though the account
-- has proven a later one, or none after so many seconds; how many at most. Oldest first. Returns id, fence.
SELECT d.id, d.fence
FROM deliveries d
LEFT JOIN delivery_attempts a ON a.delivery_id = d.id AND a.fence = d.fence
LEFT JOIN sending_accounts s ON s.channel = d.channel AND s.account = d.account
WHERE d.state = 'unknown' AND coalesce(a.started_at, d.created_at) < clock_timestamp() - make_interval(secs =>
    CASE WHEN s.proven_through > coalesce(a.started_at, d.created_at) THEN $1 ELSE greatest($1, $2) END)
ORDER BY d.created_at LIMIT $3
