-- PARAMETERS: text, text, text
-- The delivery that a platform knows by an id of its own: channel, account, the id.
SELECT id FROM deliveries WHERE channel = $1 AND account = $2 AND provider_id = $3 ORDER BY created_at LIMIT 1
