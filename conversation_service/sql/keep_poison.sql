-- PARAMETERS: text[], text[], text[], text[], bytea[], bytea[]
-- Keeps events that cannot be understood: channel, account, event key, reason, the serialised event, its SHA-256.
INSERT INTO poison_events (channel, account, event_key, reason, event, event_sha)
SELECT * FROM unnest($1, $2, $3, $4, $5, $6) AS i (channel, account, event_key, reason, event, event_sha)
ORDER BY event_sha
ON CONFLICT DO NOTHING
RETURNING event_key
