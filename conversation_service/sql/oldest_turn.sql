-- PARAMETERS:
-- Seconds that the oldest due turn has waited for a worker; 0 where none waits. A turn behind another one of its own
-- conversation does not wait for a worker, and one that has just come to the head has only just begun to.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(greatest(t.run_at, p.finished_at))), 0)::float8
FROM turns t
LEFT JOIN turns p ON p.conversation_id = t.conversation_id AND p.turn_no = t.turn_no - 1
WHERE t.state = 'pending' AND t.run_at <= clock_timestamp()
    AND coalesce(p.state NOT IN ('pending', 'running'), true)
