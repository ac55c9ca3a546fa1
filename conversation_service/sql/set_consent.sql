-- PARAMETERS: uuid, boolean
-- Remembers whether a customer wants no more messages: conversation, whether that is so. Where it is, no message joins a
-- turn from before, and a reply that is being written is not committed. Returns channel and account.
UPDATE conversations SET
    opted_out_at = CASE WHEN $2 THEN coalesce(opted_out_at, clock_timestamp()) END,
    open_count = CASE WHEN $2 THEN 0 ELSE open_count END,
    owner_epoch = owner_epoch + $2::int
WHERE id = $1
RETURNING channel, account
