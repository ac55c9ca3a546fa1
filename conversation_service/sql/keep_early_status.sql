-- PARAMETERS: text, text, text, text, text
-- What became of a message that nobody knows yet, for its sending may not have been answered: channel, account, the
-- platform's id, status, reason. The highest of each is kept; failed counts only before delivered.
INSERT INTO early_statuses AS e (channel, account, provider_id, status, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (channel, account, provider_id) DO UPDATE SET status = excluded.status, reason = excluded.reason
WHERE array_position(ARRAY['sent', 'failed', 'delivered', 'read'], excluded.status)
    > array_position(ARRAY['sent', 'failed', 'delivered', 'read'], e.status)
