-- PARAMETERS: text[], text[]
-- Makes a row for each account that has none yet: channels, accounts.
INSERT INTO sending_accounts (channel, account) SELECT * FROM unnest($1, $2) AS i (channel, account) ORDER BY 1, 2
ON CONFLICT DO NOTHING
