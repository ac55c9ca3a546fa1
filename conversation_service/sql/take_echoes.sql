-- PARAMETERS: uuid, float8
-- Takes the held echoes of a conversation, which is locked: all of them once nothing of it is under way any more, else
-- those that were held for so many seconds. Oldest first.
WITH taken AS (
    DELETE FROM held_echoes h
    WHERE h.conversation_id = $1 AND (h.received_at < clock_timestamp() - make_interval(secs => $2) OR NOT EXISTS (
        SELECT FROM deliveries d WHERE d.conversation_id = $1 AND d.state IN ('sending', 'unknown')))
    RETURNING *
)
SELECT event_key, provider_id, origin, text, content, platform_time FROM taken ORDER BY received_at, event_key
