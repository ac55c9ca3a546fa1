-- PARAMETERS: timestamptz, uuid, uuid[], integer, boolean, text[]
-- Parked deliveries, oldest first: made after that, or then with a greater id; only these ids (empty: all), how many,
-- whether with the text,
-- only these channels (empty: all).
SELECT d.id, d.created_at, d.channel, d.account, d.conversation_id, d.out_seq, d.attempts, octet_length(d.text), d.reason,
    CASE WHEN $5 THEN d.text END
FROM deliveries d
WHERE d.state = 'parked' AND (d.created_at, d.id) > ($1, $2) AND (cardinality($3) = 0 OR d.id = ANY ($3))
    AND (cardinality($6) = 0 OR d.channel = ANY ($6))
ORDER BY d.created_at, d.id LIMIT $4
