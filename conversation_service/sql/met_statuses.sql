-- PARAMETERS: float8, integer
-- Deliveries about which something came early: at the same moment as the answer that named them, so that neither saw the
-- other. For how many seconds back, how many at most.
SELECT d.id FROM early_statuses e
-- OFFSET keeps it a look at the index for each, where a join may read all that was ever sent.
CROSS JOIN LATERAL (
    SELECT id FROM deliveries WHERE channel = e.channel AND account = e.account AND provider_id = e.provider_id OFFSET 0
) d
WHERE e.received_at > now() - make_interval(secs => $1) LIMIT $2
