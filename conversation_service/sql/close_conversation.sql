-- PARAMETERS: uuid
-- Closes a locked conversation until its customer writes again. A reply that is being written is not committed.
UPDATE conversations SET status = 'closed', open_count = 0, owner_epoch = owner_epoch + 1 WHERE id = $1
