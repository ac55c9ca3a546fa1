-- PARAMETERS: uuid
-- Lets the head of a line go where it waited for another one; the conversation is locked.
UPDATE deliveries SET run_at = clock_timestamp()
WHERE id = (
    SELECT d.id FROM deliveries d WHERE d.conversation_id = $1 AND d.state IN ('queued', 'sending', 'unknown')
    ORDER BY d.out_seq, d.part LIMIT 1
) AND run_at = 'infinity'
