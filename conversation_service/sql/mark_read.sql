-- PARAMETERS: uuid, bigint, smallint, timestamptz
-- The customer has seen what was sent: conversation, which is locked; up to this place and part of its line, or everything
-- whose sending began until then, also where the answer to that sending is still to come: the mark may be faster.
UPDATE deliveries d SET status = 'read'
WHERE d.conversation_id = $1 AND d.status IS DISTINCT FROM 'read' AND d.status IS DISTINCT FROM 'failed'
    AND (d.state = 'sent' AND (d.out_seq, d.part) <= ($2, $3) OR d.state IN ('sent', 'sending', 'unknown') AND EXISTS (
        SELECT FROM delivery_attempts a WHERE a.delivery_id = d.id AND a.fence = d.fence AND a.started_at <= $4))
