-- PARAMETERS: text[], text[]
-- Holds accounts whose sends are counted, so that all senders together keep to their pace; what another sender holds is
-- left to it. Channels, accounts. Returns channel, account, seconds by which it is ahead of its pace.
SELECT s.channel, s.account, greatest(0, coalesce(extract(epoch FROM s.paced_at - clock_timestamp()), 0))::float8
FROM sending_accounts s JOIN unnest($1, $2) AS i (channel, account) ON i.channel = s.channel AND i.account = s.account
WHERE coalesce(s.paused_until <= clock_timestamp(), true)
FOR UPDATE OF s SKIP LOCKED
