-- PARAMETERS: uuid
-- The customer of a conversation wants nothing more.
UPDATE conversations SET opted_out_at = clock_timestamp() WHERE id = $1 AND opted_out_at IS NULL
