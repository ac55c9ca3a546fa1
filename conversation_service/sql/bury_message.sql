-- PARAMETERS: text, text, text
-- Remembers that a message is deleted, and forgets what of it is kept beside it: channel, account, key of its event.
WITH buried AS (
    INSERT INTO tombstones (channel, account, target_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
), blanked AS (
    UPDATE inbound_events SET raw = NULL WHERE channel = $1 AND account = $2 AND event_key = $3 AND raw IS NOT NULL
)
DELETE FROM event_conflicts WHERE channel = $1 AND account = $2 AND event_key = $3
