-- PARAMETERS: uuid[], float8
-- Ends what may not be sent any more in conversations that are locked: the conversation is closed, the customer has opted
-- out, or the platform takes no replies any more; where it always takes them, what is older than so many seconds. Returns
-- channel, reason, how many, and the conversations.
WITH barred AS MATERIALIZED (
    SELECT id, CASE
        WHEN status = 'closed' THEN 'conversation_closed'
        WHEN opted_out_at IS NOT NULL THEN 'opted_out'
        WHEN reply_window_seconds > 0 THEN 'window_closed'
        ELSE 'expired' END AS reason
    FROM conversations c
    WHERE id = ANY ($1) AND (status = 'closed' OR opted_out_at IS NOT NULL OR CASE
        WHEN reply_window_seconds > 0
            THEN coalesce(last_customer_at + make_interval(secs => reply_window_seconds) <= clock_timestamp(), true)
        -- The head is the oldest (but for one that a person put back), so that a long line is looked through only where
        -- something of it has to go.
        ELSE (SELECT d.created_at FROM deliveries d
            WHERE d.conversation_id = c.id AND d.state IN ('queued', 'sending', 'unknown')
            ORDER BY d.out_seq, d.part LIMIT 1) < now() - make_interval(secs => $2)
        END)
), ended AS (
    UPDATE deliveries d SET
        state = CASE b.reason WHEN 'conversation_closed' THEN 'cancelled' ELSE 'dead' END, reason = b.reason,
        settled_at = clock_timestamp(), run_at = least(d.run_at, clock_timestamp())
    FROM barred b
    WHERE d.id = ANY (ARRAY(
        SELECT q.id FROM barred CROSS JOIN LATERAL (  -- OFFSET: line by line, where a join may read all of them
            SELECT id, created_at FROM deliveries
            WHERE conversation_id = barred.id AND state IN ('queued', 'sending', 'unknown') OFFSET 0
        ) q
        WHERE barred.reason <> 'expired' OR q.created_at < now() - make_interval(secs => $2)))
        AND d.conversation_id = b.id AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
    RETURNING d.conversation_id, d.channel, d.reason
)
SELECT channel, reason, count(*), array_agg(DISTINCT conversation_id) FROM ended GROUP BY 1, 2
