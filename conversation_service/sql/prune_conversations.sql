-- PARAMETERS: integer, integer, integer
-- Forgets conversations in which nothing was said for so long: days, how many messages, how many conversations to leave
-- out. Turn by turn, so that a long one takes several rounds; its row goes last, and the person with their last one.
-- Foreign keys are checked at the end, when all that hangs on a row has gone with it; what came meanwhile stops it.
WITH idle AS MATERIALIZED (
    SELECT c.id FROM conversations c
    WHERE c.active_on < (now() AT TIME ZONE 'UTC')::date - $1
        -- A platform's clock may be wrong, ours says when something was said last.
        AND coalesce((SELECT m.created_at FROM messages m WHERE m.conversation_id = c.id ORDER BY m.seq DESC LIMIT 1),
            c.created_at) < now() - make_interval(days => $1)
        AND NOT EXISTS (SELECT FROM turns t WHERE t.conversation_id = c.id AND t.state IN ('pending', 'running'))
        AND NOT EXISTS (
            SELECT FROM deliveries d WHERE d.conversation_id = c.id AND d.state IN ('queued', 'sending', 'unknown', 'parked'))
        AND NOT EXISTS (SELECT FROM conversations e WHERE e.continues_in = c.id)
    ORDER BY c.active_on, c.id LIMIT (9 + $2) / 10 OFFSET $3 FOR UPDATE OF c SKIP LOCKED
), doomed AS MATERIALIZED (
    SELECT m.id FROM idle JOIN messages m ON m.conversation_id = idle.id
    ORDER BY m.conversation_id, m.turn_no, m.seq LIMIT $2
), remaining AS MATERIALIZED (
    SELECT idle.id, m.turn_no FROM idle LEFT JOIN LATERAL (
        SELECT turn_no FROM messages
        WHERE conversation_id = idle.id AND id NOT IN (SELECT id FROM doomed) ORDER BY turn_no, seq LIMIT 1
    ) m ON true
), parts AS MATERIALIZED (
    SELECT id FROM deliveries WHERE message_id IN (SELECT id FROM doomed)
), attempted AS (
    DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM parts)
), delivered AS (
    DELETE FROM deliveries WHERE id IN (SELECT id FROM parts)
), edited AS (
    DELETE FROM message_edits WHERE message_id IN (SELECT id FROM doomed)
), said AS (
    DELETE FROM messages WHERE id IN (SELECT id FROM doomed) RETURNING 1
), used AS (
    DELETE FROM tool_calls t USING remaining r
    WHERE t.conversation_id = r.id AND (r.turn_no IS NULL OR t.turn_no < r.turn_no)
), called AS (
    DELETE FROM llm_calls l USING remaining r
    WHERE l.conversation_id = r.id AND (r.turn_no IS NULL OR l.turn_no < r.turn_no)
), answered AS (
    DELETE FROM turns t USING remaining r
    WHERE t.conversation_id = r.id AND (r.turn_no IS NULL OR t.turn_no < r.turn_no)
), echoed AS (
    DELETE FROM held_echoes h USING remaining r WHERE h.conversation_id = r.id AND r.turn_no IS NULL
), held AS (
    DELETE FROM conversations WHERE id IN (SELECT id FROM remaining WHERE turn_no IS NULL) RETURNING id, participant_id
), alone AS (
    SELECT participant_id AS id FROM held
    WHERE NOT EXISTS (
        SELECT FROM conversations c WHERE c.participant_id = held.participant_id AND c.id NOT IN (SELECT id FROM held))
), strangers AS MATERIALIZED (
    -- With those who turned out to be them, and have no conversation of their own any more.
    SELECT id FROM alone UNION SELECT p.id FROM participants p JOIN alone ON p.merged_into = alone.id
), named AS (
    DELETE FROM participant_aliases WHERE participant_id IN (SELECT id FROM strangers)
), known AS (
    DELETE FROM participants WHERE id IN (SELECT id FROM strangers)
)
SELECT 'messages', count(*) FROM said UNION ALL SELECT 'conversations', count(*) FROM held
