-- PARAMETERS: uuid[]
-- Ends what may not be sent any more in conversations that are locked: the conversation is closed, the customer has opted
-- out, or the platform takes no replies any more. Returns channel, reason and how many.
WITH barred AS MATERIALIZED (
    SELECT id, CASE
        WHEN status = 'closed' THEN 'conversation_closed'
        WHEN opted_out_at IS NOT NULL THEN 'opted_out'
        ELSE 'window_closed' END AS reason
    FROM conversations
    WHERE id = ANY ($1) AND (status = 'closed' OR opted_out_at IS NOT NULL OR reply_window_seconds > 0
        AND coalesce(last_customer_at + make_interval(secs => reply_window_seconds) <= clock_timestamp(), true))
), ended AS (
    UPDATE deliveries d SET
        state = CASE b.reason WHEN 'conversation_closed' THEN 'cancelled' ELSE 'dead' END, reason = b.reason,
        settled_at = clock_timestamp(), run_at = least(d.run_at, clock_timestamp())
    FROM barred b
    WHERE d.id = ANY (ARRAY(
        SELECT q.id FROM barred JOIN deliveries q ON q.conversation_id = barred.id
        WHERE q.state IN ('queued', 'sending', 'unknown')))
        AND d.conversation_id = b.id AND d.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
    RETURNING d.channel, d.reason
)
SELECT channel, reason, count(*) FROM ended GROUP BY 1, 2
