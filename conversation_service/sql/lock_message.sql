-- PARAMETERS: text, text, text, uuid
-- Finds a customer's message, and locks its conversation: channel, account, key of the message's event, the conversation of
-- its thread (null: unknown). Returns both ids. Keys of events are forgotten in time, the message keeps its own: where the
-- key leads nowhere, it is looked for in that conversation and in those that lead to it.
WITH named AS MATERIALIZED (
    SELECT message_id FROM inbound_events
    WHERE channel = $1 AND account = $2 AND event_key = $3 AND message_id IS NOT NULL
)
SELECT m.id, c.id
FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.id = ANY (ARRAY(
    SELECT message_id FROM named
    UNION ALL
    SELECT o.id FROM messages o
    WHERE o.conversation_id = ANY (ARRAY(
            SELECT $4 UNION ALL SELECT id FROM conversations WHERE continues_in = $4))
        AND o.event_key = $3 AND o.author = 'customer' AND NOT EXISTS (SELECT FROM named)))
FOR UPDATE OF c
