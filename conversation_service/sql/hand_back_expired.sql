-- PARAMETERS: float8, integer
-- Makes the assistant the owner again where no person wrote for so long: seconds, how many at most. Returns conversation,
-- channel, account and the revision of the change.
UPDATE conversations c SET
    owner = 'assistant', owner_epoch = c.owner_epoch + 1, owner_rev = c.next_rev, next_rev = c.next_rev + 1,
    owner_reason = 'expired', human_at = NULL
FROM (
    SELECT id FROM conversations
    WHERE owner = 'human' AND human_at < now() - make_interval(secs => $1)
    ORDER BY human_at LIMIT $2 FOR UPDATE SKIP LOCKED
) e
WHERE c.id = e.id
RETURNING c.id, c.channel, c.account, c.owner_rev
