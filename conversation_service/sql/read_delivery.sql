-- PARAMETERS: uuid, float8
-- A delivery whose conversation is locked, and what deciding about it takes; seconds for which retries go on where the
-- platform knows no window.
SELECT d.id, d.conversation_id, d.channel, d.account, d.message_id, d.out_seq, d.part, d.text, d.state, d.fence, d.attempts,
    d.blind_resends, d.provider_id, d.status, d.proven_at IS NOT NULL, a.outcome,
    CASE
        WHEN c.status = 'closed' THEN 'conversation_closed'
        WHEN c.owner = 'human' AND m.author <> 'human' THEN 'human_owner'
        END,
    extract(epoch FROM CASE
        WHEN c.reply_window_seconds = 0 THEN d.created_at + make_interval(secs => $2)
        ELSE coalesce(c.last_customer_at, d.created_at) + make_interval(secs => c.reply_window_seconds)
        END - clock_timestamp())::float8,
    coalesce(s.pauses, 0) > 0
FROM deliveries d
JOIN conversations c ON c.id = d.conversation_id
JOIN messages m ON m.id = d.message_id
LEFT JOIN delivery_attempts a ON a.delivery_id = d.id AND a.fence = d.fence
LEFT JOIN sending_accounts s ON s.channel = d.channel AND s.account = d.account
WHERE d.id = $1
