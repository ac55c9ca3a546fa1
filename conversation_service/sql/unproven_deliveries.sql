-- PARAMETERS: float8, float8, integer
-- Unknown deliveries that can be given up for lost: no proof so many seconds after their attempt began, though the account
-- has proven a later one, or none after so many seconds; how many at most. Oldest first. Returns id, fence. Their run_at
-- is when the attempt began, so that those which have to wait on are not looked at.
SELECT id, fence FROM (
    SELECT d.id, d.fence, d.run_at
    FROM sending_accounts s
    CROSS JOIN LATERAL (
        SELECT id, fence, run_at FROM deliveries
        WHERE state = 'unknown' AND channel = s.channel AND account = s.account
            AND run_at < least(s.proven_through, now() - make_interval(secs => $1))
        ORDER BY run_at LIMIT $3
    ) d
    WHERE s.proven_through IS NOT NULL
    UNION
    (SELECT id, fence, run_at FROM deliveries
        WHERE state = 'unknown' AND run_at < now() - make_interval(secs => greatest($1, $2))
        ORDER BY run_at LIMIT $3)
) lost
ORDER BY run_at LIMIT $3
