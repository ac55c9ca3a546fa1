-- PARAMETERS: uuid[], bigint[], integer
-- The prompt's history of claimed turns: conversation, turn, how many messages at most. Newest first: turn by turn, in each
-- the customer's messages by the platform's clock, then what was answered. Nothing of later turns. Each with whether it is the turn's own,
-- and whether it is nothing but a text, whatever that answers.
SELECT i.conversation_id, i.turn_no, m.author, m.text, m.kind, m.turn_no = i.turn_no,
    coalesce(m.content - 'reply_to_key', '{}') = '{}'
FROM unnest($1, $2) AS i (conversation_id, turn_no)
CROSS JOIN LATERAL (
    SELECT author, text, kind, turn_no, content FROM messages
    WHERE conversation_id = i.conversation_id AND turn_no <= i.turn_no AND author <> 'system' AND deleted_at IS NULL
    ORDER BY turn_no DESC, author = 'customer', coalesce(platform_time, created_at) DESC, seq DESC
    LIMIT $3
) m
