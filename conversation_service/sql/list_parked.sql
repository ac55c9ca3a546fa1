-- PARAMETERS: timestamptz, uuid, uuid[], integer, boolean
-- Parked deliveries, oldest first: made after that, or then with a greater id; only these ids (empty: all), how many,
-- whether with the text.
SELECT d.id, d.created_at, c.channel, c.account, d.conversation_id, d.out_seq, d.attempts, octet_length(d.text), d.reason,
    CASE WHEN $5 THEN d.text END
FROM deliveries d JOIN conversations c ON c.id = d.conversation_id
WHERE d.state = 'parked' AND (d.created_at, d.id) > ($1, $2) AND (cardinality($3) = 0 OR d.id = ANY ($3))
ORDER BY d.created_at, d.id LIMIT $4
