-- PARAMETERS: text, text, text
-- What came about a message before its sending was answered: channel, account, the platform's id.
DELETE FROM early_statuses WHERE channel = $1 AND account = $2 AND provider_id = $3 RETURNING status, coalesce(reason, '')
