-- PARAMETERS: integer
-- What waits, as name, label and value; nothing is counted beyond so many rows. Ages are in seconds, 0 where none waits.
-- Each state is written out, because a partial index serves no state that is known only later.
WITH pending AS MATERIALIZED (
    -- The one that is due first is seldom much younger than the oldest, so the first ones tell.
    SELECT created_at FROM turns WHERE state = 'pending' ORDER BY run_at LIMIT $1
), waiting AS MATERIALIZED (
    (SELECT channel, state, created_at FROM deliveries WHERE state = 'queued' ORDER BY created_at LIMIT $1)
    UNION ALL (SELECT channel, state, created_at FROM deliveries WHERE state = 'unknown' ORDER BY created_at LIMIT $1)
    UNION ALL (SELECT channel, state, created_at FROM deliveries WHERE state = 'parked' ORDER BY created_at LIMIT $1)
), ages (name, label, since) AS (
    SELECT 'oldest_pending', '', (SELECT min(created_at) FROM pending)
    UNION ALL SELECT 'oldest_delivery', 'queued', (SELECT min(created_at) FROM waiting WHERE state = 'queued')
    UNION ALL SELECT 'oldest_delivery', 'unknown', (SELECT min(created_at) FROM waiting WHERE state = 'unknown')
    UNION ALL SELECT 'oldest_delivery', 'parked', (SELECT min(created_at) FROM waiting WHERE state = 'parked')
    UNION ALL SELECT 'oldest_of_channel', channel || ' ' || state, min(created_at) FROM waiting GROUP BY channel, state
)
SELECT name, label, coalesce(extract(epoch FROM clock_timestamp() - since), 0)::float8 FROM ages
UNION ALL SELECT 'turns', 'pending', (SELECT count(*) FROM pending)
UNION ALL SELECT 'turns', 'running', (SELECT count(*) FROM (SELECT FROM turns WHERE state = 'running' LIMIT $1) x)
UNION ALL SELECT 'deliveries', 'queued', (SELECT count(*) FROM waiting WHERE state = 'queued')
UNION ALL SELECT 'deliveries', 'unknown', (SELECT count(*) FROM waiting WHERE state = 'unknown')
UNION ALL SELECT 'deliveries', 'parked', (SELECT count(*) FROM waiting WHERE state = 'parked')
UNION ALL SELECT 'poison', '', (SELECT count(*) FROM (SELECT FROM poison_events LIMIT $1) x)
UNION ALL SELECT 'conflicts', '', (SELECT count(*) FROM (SELECT FROM event_conflicts LIMIT $1) x)
