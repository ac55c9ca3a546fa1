-- PARAMETERS: uuid
-- How a conversation stands: owner, open or closed, the conversation that it continues in (null: it does not), whether its
-- customer wants no more messages, whether the platform takes no reply any more.
SELECT owner, status, continues_in, opted_out_at IS NOT NULL,
    reply_window_seconds > 0 AND last_customer_at + make_interval(secs => reply_window_seconds) < clock_timestamp()
FROM conversations WHERE id = $1 FOR UPDATE
