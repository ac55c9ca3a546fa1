-- PARAMETERS: uuid[]
-- Locks participants, so that who finds out something about them at the same time does it one after the other.
SELECT id FROM participants WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
