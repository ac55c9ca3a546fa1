-- PARAMETERS: text, text, text
-- Forgets what of a deleted message is kept beside it: channel, account, key of its event.
WITH blanked AS (
    UPDATE inbound_events SET raw = NULL WHERE channel = $1 AND account = $2 AND event_key = $3 AND raw IS NOT NULL
)
DELETE FROM event_conflicts WHERE channel = $1 AND account = $2 AND event_key = $3
