-- PARAMETERS: uuid, float8
-- What an echo may repeat: deliveries of a conversation that are under way, or were sent or given up within so many
-- seconds. Returns id, text, the platform's id, state. Only the newest of its line can be meant.
SELECT d.id, d.text, coalesce(d.provider_id, ''), d.state
FROM (
    SELECT * FROM deliveries WHERE conversation_id = $1 ORDER BY out_seq DESC, part DESC LIMIT 500
) d
WHERE d.fence > 0 AND (d.state IN ('queued', 'sending', 'unknown', 'parked')
    OR d.settled_at > clock_timestamp() - make_interval(secs => $2))
UNION
SELECT d.id, d.text, coalesce(d.provider_id, ''), d.state FROM deliveries d
WHERE d.conversation_id = $1 AND d.state IN ('sending', 'unknown')
