-- PARAMETERS: uuid[], uuid[], text, float8, text[], integer[], integer[]
-- Claims the heads of lines, and commits the intent to send them: conversations, which are locked, deliveries of theirs
-- that were found due, worker, lease seconds; channels, milliseconds between two sends to one customer, how many at once.
-- A head whose customer got something too lately waits as long as it must; what cannot go before the line moves, until then.
WITH line AS MATERIALIZED (
    SELECT c.id, c.thread_key, c.participant_id, h.id AS head, h.run_at,
        -- A person may have put an earlier one back into the line while a later one is under way.
        (SELECT d.id FROM deliveries d
            WHERE d.conversation_id = c.id AND d.state IN ('sending', 'unknown') LIMIT 1) IS NULL AS is_idle,
        coalesce(t.interval_ms, 0) / 1000.0 AS interval,
        c.paced_at - make_interval(secs => (greatest(t.burst, 1) - 1) * t.interval_ms / 1000.0) AS free_at
    FROM conversations c
    CROSS JOIN LATERAL (
        SELECT d.id, d.run_at FROM deliveries d
        WHERE d.conversation_id = c.id AND d.state IN ('queued', 'sending', 'unknown')
        ORDER BY d.out_seq, d.part LIMIT 1
    ) h
    LEFT JOIN unnest($5, $6, $7) AS t (channel, interval_ms, burst) ON t.channel = c.channel AND t.interval_ms > 0
    WHERE c.id = ANY ($1)
), due AS (
    SELECT line.*, coalesce(free_at <= clock_timestamp(), true) AS is_free FROM line
    WHERE is_idle AND run_at <= clock_timestamp()
), claimed AS (
    UPDATE deliveries d SET
        state = 'sending', fence = d.fence + 1, attempts = d.attempts + 1, worker = $3,
        -- From now on its run_at is when the attempt began.
        lease_until = clock_timestamp() + make_interval(secs => $4), run_at = clock_timestamp()
    FROM due
    -- Says "still queued" so that the planner takes the primary key, not the index of all queued deliveries.
    WHERE d.id = due.head AND due.is_free AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
    RETURNING d.*, due.thread_key, due.participant_id, due.interval
), paced AS (
    UPDATE deliveries d SET run_at = due.free_at FROM due
    WHERE d.id = due.head AND NOT due.is_free
        AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
), behind AS (
    UPDATE deliveries d SET run_at = 'infinity' FROM line
    WHERE d.id = ANY ($2) AND d.conversation_id = line.id AND (d.id <> line.head OR NOT line.is_idle)
        AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
), sped AS (
    UPDATE conversations c
    SET paced_at = greatest(c.paced_at, clock_timestamp()) + make_interval(secs => claimed.interval)
    FROM claimed WHERE c.id = claimed.conversation_id AND claimed.interval > 0
), intended AS (
    INSERT INTO delivery_attempts (delivery_id, fence, started_at) SELECT id, fence, run_at FROM claimed
)
SELECT c.id, c.fence, c.conversation_id, c.channel, c.account, c.thread_key, c.out_seq, c.part, c.text,
    coalesce((SELECT event_key FROM messages q
        WHERE q.conversation_id = c.conversation_id AND q.turn_no = m.turn_no AND q.author = 'customer'
        ORDER BY q.seq DESC LIMIT 1), ''),
    c.attempts, c.lease_until, coalesce(c.request_id, ''), m.author,
    ARRAY(SELECT ARRAY[a.kind, a.value] FROM participant_aliases a
        WHERE a.participant_id = c.participant_id AND a.channel = c.channel AND a.account = c.account
            AND a.valid_until IS NULL ORDER BY a.id)
FROM claimed c JOIN messages m ON m.id = c.message_id
