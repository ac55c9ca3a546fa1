-- PARAMETERS: uuid, float8
-- Takes the held echoes of a conversation, which is locked, and of all that are one with it: all of them once nothing there
-- is under way any more, else those that were held for so many seconds. Oldest first.
WITH joined AS MATERIALIZED (
    SELECT coalesce(continues_in, id) AS id FROM conversations WHERE id = $1
    UNION
    SELECT id FROM conversations
    WHERE continues_in = (SELECT coalesce(continues_in, id) FROM conversations WHERE id = $1)
), taken AS (
    DELETE FROM held_echoes h
    WHERE h.conversation_id = ANY (ARRAY(SELECT id FROM joined))
        AND (h.received_at < clock_timestamp() - make_interval(secs => $2) OR NOT EXISTS (
            SELECT FROM deliveries d
            WHERE d.conversation_id = ANY (ARRAY(SELECT id FROM joined)) AND d.state IN ('sending', 'unknown')))
    RETURNING *
)
SELECT event_key, provider_id, origin, text, content, platform_time FROM taken ORDER BY received_at, event_key
