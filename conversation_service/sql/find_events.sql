-- PARAMETERS: text[], text[], text[]
-- Which of these events are recorded: channel, account, event key.
SELECT channel, account, event_key FROM unnest($1, $2, $3) AS i (channel, account, event_key)
CROSS JOIN LATERAL (
    SELECT FROM inbound_events e
    WHERE e.channel = i.channel AND e.account = i.account AND e.event_key = i.event_key LIMIT 1
) e
