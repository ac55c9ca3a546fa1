-- PARAMETERS:
-- Seconds that the oldest due turn has waited for a worker; 0 where none waits.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(run_at)), 0)::float8
FROM turns WHERE state = 'pending' AND run_at <= clock_timestamp()
