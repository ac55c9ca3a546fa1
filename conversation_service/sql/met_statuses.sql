-- PARAMETERS: float8, integer
-- Deliveries about which something came early: at the same moment as the answer that named them, so that neither saw the
-- other. For how many seconds back, how many at most.
SELECT d.id FROM early_statuses e
JOIN deliveries d ON d.channel = e.channel AND d.account = e.account AND d.provider_id = e.provider_id
WHERE e.received_at > now() - make_interval(secs => $1) LIMIT $2
