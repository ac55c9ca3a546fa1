-- PARAMETERS: uuid, float8
-- What an echo may repeat: deliveries of a conversation, or of one that is one with it, that are under way, or were sent or
-- given up within so many seconds. Returns id, text, the platform's id, state. Only the newest of its line can be meant.
WITH joined AS MATERIALIZED (
    SELECT coalesce(continues_in, id) AS id FROM conversations WHERE id = $1
    UNION
    SELECT id FROM conversations
    WHERE continues_in = (SELECT coalesce(continues_in, id) FROM conversations WHERE id = $1)
)
SELECT d.id, d.text, coalesce(d.provider_id, ''), d.state
FROM joined j
CROSS JOIN LATERAL (
    SELECT * FROM deliveries WHERE conversation_id = j.id ORDER BY out_seq DESC, part DESC LIMIT 500
) d
WHERE d.fence > 0 AND (d.state IN ('queued', 'sending', 'unknown', 'parked')
    OR d.settled_at > clock_timestamp() - make_interval(secs => $2))
UNION
SELECT d.id, d.text, coalesce(d.provider_id, ''), d.state
FROM deliveries d
WHERE d.conversation_id = ANY (ARRAY(SELECT id FROM joined)) AND d.state IN ('sending', 'unknown')
