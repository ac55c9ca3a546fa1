-- PARAMETERS: uuid
-- The platform has proven a delivery: what its account sent before and is not proven by now got lost. Of several attempts
-- the first counts, for nobody knows which of them it was.
WITH proven AS (
    UPDATE deliveries SET proven_at = clock_timestamp() WHERE id = $1 RETURNING id, channel, account
)
INSERT INTO sending_accounts AS s (channel, account, proven_through)
SELECT p.channel, p.account, min(a.started_at)
FROM proven p JOIN delivery_attempts a ON a.delivery_id = p.id AND a.outcome IS DISTINCT FROM 'not_accepted'
GROUP BY p.channel, p.account
ON CONFLICT (channel, account) DO UPDATE SET proven_through = excluded.proven_through
WHERE s.proven_through IS NULL OR s.proven_through < excluded.proven_through
