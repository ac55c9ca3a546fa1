-- PARAMETERS: text[], text[], text[]
-- What known event keys became: channel, account, event key. A message that was deleted means nothing any more, so that
-- whatever comes under its key is a repetition, of which no word is kept.
SELECT e.channel, e.account, e.event_key, CASE WHEN m.deleted_at IS NULL THEN e.meaning_sha ELSE '' END, m.id, m.conversation_id, m.seq, m.rev, m.turn_no
FROM unnest($1, $2, $3) AS i (channel, account, event_key)
JOIN inbound_events e USING (channel, account, event_key)
LEFT JOIN messages m ON m.id = e.message_id
