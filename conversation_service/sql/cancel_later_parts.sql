-- PARAMETERS: uuid
-- Of a reply that failed, what was to follow is not sent: a delivery, whose conversation is locked.
UPDATE deliveries l SET state = 'cancelled', reason = 'earlier_part_failed', settled_at = clock_timestamp()
FROM deliveries d
WHERE d.id = $1 AND l.message_id = d.message_id AND l.part > d.part
    AND l.state NOT IN ('sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')
