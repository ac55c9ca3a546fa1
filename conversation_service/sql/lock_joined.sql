-- PARAMETERS: uuid
-- Locks a conversation with all that are one with it, in the order in which recording takes them: the one that it continues
-- in, and those that lead there. Returns their ids, the one that stays first; nothing where there is no such conversation.
WITH joined AS MATERIALIZED (
    SELECT id, continues_in FROM conversations
    -- An array, so that the plan reads them by their key however many conversations there are.
    WHERE id = ANY (ARRAY(
        SELECT coalesce(continues_in, id) FROM conversations WHERE id = $1
        UNION
        SELECT id FROM conversations
        WHERE continues_in = (SELECT coalesce(continues_in, id) FROM conversations WHERE id = $1)))
    ORDER BY channel, account, thread_key FOR UPDATE
)
SELECT id FROM joined ORDER BY continues_in IS NOT NULL, id
