-- PARAMETERS: integer
-- Conversations whose head waits behind nobody: how many at most. There are none, unless something ended a delivery and
-- did not move the line on.
SELECT b.conversation_id
FROM (
    SELECT conversation_id FROM deliveries WHERE state = 'queued' AND run_at = 'infinity' GROUP BY conversation_id
) b
CROSS JOIN LATERAL (
    SELECT d.state, d.run_at FROM deliveries d
    WHERE d.conversation_id = b.conversation_id AND d.state IN ('queued', 'sending', 'unknown')
    ORDER BY d.out_seq, d.part LIMIT 1
) h
WHERE h.state = 'queued' AND h.run_at = 'infinity'
    AND (SELECT d.id FROM deliveries d
        WHERE d.conversation_id = b.conversation_id AND d.state IN ('sending', 'unknown') LIMIT 1) IS NULL
LIMIT $1
