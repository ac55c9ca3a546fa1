-- PARAMETERS: text, text, text
-- Finds a customer's message, and locks its conversation: channel, account, key of the message's event. Returns both ids.
SELECT m.id, c.id
FROM inbound_events e JOIN messages m ON m.id = e.message_id JOIN conversations c ON c.id = m.conversation_id
WHERE e.channel = $1 AND e.account = $2 AND e.event_key = $3
FOR UPDATE OF c
