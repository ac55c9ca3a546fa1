-- PARAMETERS: integer, text, float8, text[]
-- Claims queued deliveries, each the head of its conversation's line, and commits the intent to send: limit, worker, lease
-- seconds, channels (empty: all).
WITH due AS (
    SELECT d.id, c.thread_key
    FROM deliveries d JOIN conversations c ON c.id = d.conversation_id
    WHERE d.state = 'queued' AND d.run_at <= now() AND (cardinality($4) = 0 OR d.channel = ANY ($4))
        AND NOT EXISTS (
            SELECT FROM deliveries e
            WHERE e.conversation_id = d.conversation_id AND e.out_seq < d.out_seq
                AND e.state IN ('queued', 'sending', 'unknown'))
    ORDER BY d.run_at LIMIT $1
    FOR UPDATE OF c SKIP LOCKED
), claimed AS (
    UPDATE deliveries d SET
        state = 'sending', fence = d.fence + 1, attempts = d.attempts + 1, worker = $2,
        lease_until = clock_timestamp() + make_interval(secs => $3)
    FROM due
    -- Says "still queued" so that the planner takes the primary key, not the index of all queued deliveries.
    WHERE d.id = due.id AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
    RETURNING d.*, due.thread_key
), intended AS (
    INSERT INTO delivery_attempts (delivery_id, fence) SELECT id, fence FROM claimed
)
SELECT c.id, c.fence, c.conversation_id, c.channel, c.account, c.thread_key, c.out_seq, c.part, c.text,
    coalesce((SELECT event_key FROM messages q
        WHERE q.conversation_id = c.conversation_id AND q.turn_no = m.turn_no AND q.author = 'customer'
        ORDER BY q.seq DESC LIMIT 1), ''),
    c.attempts, c.lease_until, coalesce(c.request_id, '')
FROM claimed c JOIN messages m ON m.id = c.message_id
