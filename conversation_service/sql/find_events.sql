-- PARAMETERS: text[], text[], text[]
-- Which of these events are recorded: channel, account, event key.
SELECT channel, account, event_key FROM unnest($1, $2, $3) AS i (channel, account, event_key)
JOIN inbound_events e USING (channel, account, event_key)
