-- PARAMETERS: text[]
-- The accounts that have something due and are not paused: of these channels, or of all where none is named. Channels and
-- accounts are found by jumping from one to the next, so that a backlog costs nothing.
-- Returns channel, account, whether its last sends failed for a reason of the account.
WITH RECURSIVE channels AS (
    SELECT (SELECT min(channel) FROM deliveries WHERE state = 'queued') AS channel WHERE cardinality($1) = 0
    UNION ALL
    SELECT (SELECT min(d.channel) FROM deliveries d WHERE d.state = 'queued' AND d.channel > c.channel)
    FROM channels c WHERE c.channel IS NOT NULL
), asked AS (
    SELECT channel FROM channels WHERE channel IS NOT NULL UNION SELECT unnest($1)
), accounts AS (
    SELECT a.channel, (
        SELECT min(d.account) FROM deliveries d WHERE d.state = 'queued' AND d.channel = a.channel) AS account
    FROM asked a
    UNION ALL
    SELECT a.channel, (
        SELECT min(d.account) FROM deliveries d
        WHERE d.state = 'queued' AND d.channel = a.channel AND d.account > a.account)
    FROM accounts a WHERE a.account IS NOT NULL
)
SELECT a.channel, a.account, coalesce(s.pauses, 0) > 0
FROM accounts a LEFT JOIN sending_accounts s ON s.channel = a.channel AND s.account = a.account
CROSS JOIN LATERAL (
    SELECT d.run_at FROM deliveries d WHERE d.state = 'queued' AND d.channel = a.channel AND d.account = a.account
    ORDER BY d.run_at LIMIT 1
) first
WHERE first.run_at <= clock_timestamp() AND coalesce(s.paused_until <= clock_timestamp(), true)
