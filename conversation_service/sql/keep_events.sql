-- PARAMETERS: text[], text[], text[], text[], text[], bytea[], bytea[]
-- Keeps events that change nothing yet: channel, account, event key, thread key, kind, meaning, raw.
INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, raw, outcome)
SELECT i.*, 'kept' FROM unnest($1, $2, $3, $4, $5, $6, $7) AS i (channel, account, event_key, thread_key, kind, meaning_sha, raw)
ORDER BY channel, account, event_key
ON CONFLICT DO NOTHING
RETURNING channel, account, event_key
