-- PARAMETERS: uuid, boolean, timestamptz
-- Remembers whether a customer wants no more messages: conversation, whether that is so, when they said it (null: now).
-- Where it is so, no message joins a turn from before, and a reply that is being written is not committed. What was said
-- before it, and comes later, does not take it back. Returns channel and account.
UPDATE conversations SET
    -- A platform's clock may be ahead.
    opted_out_at = CASE WHEN $2 THEN greatest(opted_out_at, least($3, clock_timestamp())) END,
    open_count = CASE WHEN $2 THEN 0 ELSE open_count END,
    owner_epoch = owner_epoch + $2::int
WHERE id = $1 AND ($2 OR opted_out_at IS NULL OR opted_out_at <= coalesce($3, clock_timestamp()))
RETURNING channel, account
