-- PARAMETERS: uuid, text
-- Cancels whatever of a locked conversation is still to be sent, whoever wrote it: conversation, why.
UPDATE deliveries SET state = 'cancelled', reason = $2, settled_at = clock_timestamp()
WHERE conversation_id = $1 AND state IN ('queued', 'sending', 'unknown') AND state NOT IN ('sending', 'unknown')
