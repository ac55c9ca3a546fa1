-- PARAMETERS: bigint, bigint[], integer, boolean
-- Poison events, oldest first: after which id, only these ids (empty: all), how many, whether with the event itself.
SELECT id, received_at, channel, account, event_key, octet_length(event), reason, CASE WHEN $4 THEN event END
FROM poison_events
WHERE id > $1 AND (cardinality($2) = 0 OR id = ANY ($2))
ORDER BY id LIMIT $3
