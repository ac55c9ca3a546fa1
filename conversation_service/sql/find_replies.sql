-- PARAMETERS: uuid[]
-- Replies that were committed by an earlier try whose answer was lost: message, number, revision, time, and that a later
-- turn may wait.
SELECT id, seq, rev, created_at, true FROM messages WHERE id = ANY ($1)
