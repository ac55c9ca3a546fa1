-- PARAMETERS: bigint
-- A poison event that was recorded after all needs no keeping.
DELETE FROM poison_events WHERE id = $1
