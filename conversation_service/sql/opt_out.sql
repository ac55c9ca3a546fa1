-- PARAMETERS: uuid
-- The customer of a conversation wants nothing more, nor in the one that it continues in.
UPDATE conversations SET opted_out_at = clock_timestamp()
WHERE id = ANY (ARRAY(SELECT unnest(ARRAY[id, continues_in]) FROM conversations WHERE id = $1)) AND opted_out_at IS NULL
