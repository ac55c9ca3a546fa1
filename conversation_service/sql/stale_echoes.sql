-- PARAMETERS: float8, integer
-- Conversations in which echoes were held for so many seconds; how many at most.
SELECT conversation_id FROM held_echoes WHERE received_at < now() - make_interval(secs => $1)
GROUP BY conversation_id LIMIT $2
