-- PARAMETERS: text[], text[], text[], text[], bytea[]
-- Keeps events that cannot be understood: channel, account, event key, reason, the serialised event.
INSERT INTO poison_events (channel, account, event_key, reason, event)
SELECT * FROM unnest($1, $2, $3, $4, $5) AS i (channel, account, event_key, reason, event)
ORDER BY channel, account, event_key
ON CONFLICT DO NOTHING
RETURNING event_key
