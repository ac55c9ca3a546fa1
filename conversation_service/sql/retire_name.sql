-- PARAMETERS: text, text, text, text
-- Ends a name: channel, account, kind, value. Whoever bears it later is somebody else.
UPDATE participant_aliases SET valid_until = clock_timestamp()
WHERE channel = $1 AND account = $2 AND kind = $3 AND value = $4 AND valid_until IS NULL
