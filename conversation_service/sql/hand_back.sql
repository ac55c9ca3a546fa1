-- PARAMETERS: uuid, text
-- Makes the assistant the owner of a conversation again: conversation, why. Returns channel, account and the revision of the
-- change; nothing where it is the assistant's already.
UPDATE conversations SET
    owner = 'assistant', owner_epoch = owner_epoch + 1, owner_rev = next_rev, next_rev = next_rev + 1, owner_reason = $2,
    human_at = NULL
-- Not "is a person's", by which the planner may read the index of all that are.
WHERE id = $1 AND owner <> 'assistant'
RETURNING channel, account, owner_rev
