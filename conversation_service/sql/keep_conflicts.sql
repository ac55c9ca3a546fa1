-- PARAMETERS: text[], text[], text[], text[], bytea[], bytea[]
-- Keeps events whose key was used before for something else: channel, account, event key, kind, meaning, raw.
INSERT INTO event_conflicts (channel, account, event_key, kind, meaning_sha, raw)
SELECT * FROM unnest($1, $2, $3, $4, $5, $6) AS i (channel, account, event_key, kind, meaning_sha, raw)
ORDER BY channel, account, event_key
ON CONFLICT DO NOTHING
RETURNING event_key
