-- PARAMETERS: uuid[]
-- The newest revision of conversations, where a turn of theirs is being answered, and which of their three newest turns
-- ended without a reply, oldest first, and why. A silence has no revision, and who follows elsewhere hears of it here.
SELECT c.id, c.channel, c.account, c.next_rev - 1, t.turn_no, t.fence, t.worker, s.turn_nos, s.reasons
FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id AND t.state = 'running'
CROSS JOIN LATERAL (
    SELECT array_agg(turn_no ORDER BY turn_no) AS turn_nos, array_agg(reason ORDER BY turn_no) AS reasons
    FROM turns WHERE conversation_id = c.id AND turn_no >= c.next_turn - 3 AND state = 'silent'
) s
WHERE c.id = ANY ($1)
