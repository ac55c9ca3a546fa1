-- PARAMETERS:
-- Seconds that the oldest due turn has waited for a worker; 0 where none waits. A turn behind another one of its own
-- conversation does not wait for a worker, and one that has just come to the head has only just begun to. The hundred that
-- were due first tell, so that a backlog costs nothing.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8
FROM (
    SELECT greatest(t.run_at, p.finished_at) AS since
    FROM turns t
    LEFT JOIN turns p ON p.conversation_id = t.conversation_id AND p.turn_no = t.turn_no - 1
    WHERE t.state = 'pending' AND t.run_at <= now()
        AND coalesce(p.state NOT IN ('pending', 'running'), true)
    ORDER BY t.run_at LIMIT 100
) first
