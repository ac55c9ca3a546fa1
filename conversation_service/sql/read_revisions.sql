-- PARAMETERS: uuid[]
-- The newest revision of conversations, and where a turn of theirs is being answered.
SELECT c.id, c.channel, c.account, c.next_rev - 1, t.turn_no, t.fence, t.worker
FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id AND t.state = 'running'
WHERE c.id = ANY ($1)
