-- PARAMETERS: integer, integer, integer
-- Forgets the bytes of events, which are kept less long than their keys: days, how many, how many to leave out.
WITH blanked AS (
    UPDATE inbound_events SET raw = NULL WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM inbound_events
        WHERE received_at < now() - make_interval(days => $1) AND raw IS NOT NULL
        ORDER BY received_at LIMIT $2 OFFSET $3 FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT 'inbound_events_raw', count(*) FROM blanked
