-- PARAMETERS: text[], text[], text[]
-- What known event keys became: channel, account, event key.
SELECT e.channel, e.account, e.event_key, e.meaning_sha, m.id, m.conversation_id, m.seq, m.rev, m.turn_no
FROM unnest($1, $2, $3) AS i (channel, account, event_key)
JOIN inbound_events e USING (channel, account, event_key)
LEFT JOIN messages m ON m.id = e.message_id
