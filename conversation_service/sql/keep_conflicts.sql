-- PARAMETERS: text[], text[], text[], text[], bytea[], bytea[]
-- Keeps events whose key was used before for something else: channel, account, event key, kind, meaning, serialised event.
-- One that an earlier release kept without its event gets it when it comes again.
INSERT INTO event_conflicts AS c (channel, account, event_key, kind, meaning_sha, event)
SELECT DISTINCT ON (channel, account, event_key, meaning_sha) i.*
FROM unnest($1, $2, $3, $4, $5, $6) AS i (channel, account, event_key, kind, meaning_sha, event)
ORDER BY channel, account, event_key, meaning_sha
ON CONFLICT (channel, account, event_key, meaning_sha) DO UPDATE SET event = excluded.event WHERE c.event IS NULL
RETURNING event_key
