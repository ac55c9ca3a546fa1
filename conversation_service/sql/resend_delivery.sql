-- PARAMETERS: uuid
-- Puts a parked delivery back into its line, for a person said so; its conversation is locked. It counts as made now, so that
-- there is time to try it as often as any other, however old it was.
UPDATE deliveries
SET state = 'queued', reason = 'resend', status = NULL, settled_at = NULL,
    created_at = clock_timestamp(), run_at = clock_timestamp()
WHERE id = $1
