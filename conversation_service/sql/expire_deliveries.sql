-- PARAMETERS:
-- A sender that fell silent may have sent: what it claimed becomes unknown, never queued.
WITH expired AS (
    UPDATE deliveries d SET state = 'unknown', lease_until = NULL
    FROM (
        SELECT id FROM deliveries WHERE state = 'sending' AND lease_until < now() FOR UPDATE SKIP LOCKED
    ) e
    WHERE d.id = e.id
    RETURNING d.id, d.fence
), noted AS (
    UPDATE delivery_attempts a SET outcome = 'expired', settled_at = clock_timestamp()
    FROM expired WHERE a.delivery_id = expired.id AND a.fence = expired.fence
)
SELECT id FROM expired
