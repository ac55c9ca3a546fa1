-- PARAMETERS: bigint
-- A conflict that was recorded under a key of its own needs no keeping.
DELETE FROM event_conflicts WHERE id = $1
