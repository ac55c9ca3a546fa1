-- PARAMETERS: text[], integer[]
-- Customers of platforms who are to see now that somebody writes: channels, milliseconds after which it has to be shown
-- again. No other claim gets them before that. Nothing is lost where it is forgotten, so nobody waits for the disk.
WITH due AS (
    SELECT t.conversation_id, t.turn_no
    FROM turns t JOIN conversations c ON c.id = t.conversation_id
    JOIN unnest($1, $2) AS i (channel, refresh_ms) ON i.channel = c.channel
    WHERE t.state = 'running' AND t.typing_at IS NOT NULL
        AND t.typing_at < now() - make_interval(secs => i.refresh_ms / 1000.0)
        AND c.owner = 'assistant' AND c.status = 'open' AND c.opted_out_at IS NULL
    ORDER BY t.typing_at LIMIT 100
    FOR UPDATE OF t SKIP LOCKED
), signalled AS (
    UPDATE turns t SET typing_at = clock_timestamp() FROM due
    WHERE t.conversation_id = due.conversation_id AND t.turn_no = due.turn_no
        -- Says "still running" so that the planner takes the primary key.
        AND t.state NOT IN ('pending', 'done', 'silent')
    RETURNING t.conversation_id
)
SELECT c.channel, c.account, c.thread_key,
    coalesce((SELECT m.event_key FROM messages m
        WHERE m.conversation_id = c.id AND m.author = 'customer' ORDER BY m.seq DESC LIMIT 1), ''),
    ARRAY(SELECT ARRAY[a.kind, a.value] FROM participant_aliases a
        WHERE a.participant_id = c.participant_id AND a.channel = c.channel AND a.account = c.account
            AND a.valid_until IS NULL ORDER BY a.id),
    set_config('synchronous_commit', 'off', true)
FROM signalled s JOIN conversations c ON c.id = s.conversation_id
