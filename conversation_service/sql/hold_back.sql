-- PARAMETERS: uuid, float8
-- Nothing to a customer for so many seconds: conversation.
UPDATE conversations SET paced_at = greatest(paced_at, clock_timestamp() + make_interval(secs => $2)) WHERE id = $1
