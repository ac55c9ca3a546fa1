-- PARAMETERS: text[], text[], float8[]
-- Moves the theoretical arrival time of accounts on: channels, accounts, seconds.
UPDATE sending_accounts s
SET paced_at = greatest(s.paced_at, clock_timestamp()) + make_interval(secs => i.seconds)
FROM unnest($1, $2, $3) AS i (channel, account, seconds)
WHERE s.channel = i.channel AND s.account = i.account
