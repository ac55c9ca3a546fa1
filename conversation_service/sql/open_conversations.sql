-- PARAMETERS: uuid[], text[], text[], text[], uuid[]
-- Opens conversations in which nothing is said yet: id, channel, account, thread key, participant. Where the thread is there
-- it is theirs, unless it is another's. Returns channel, account, thread key, and whose it is.
INSERT INTO conversations AS c (id, channel, account, thread_key, surface, participant_id)
SELECT id, channel, account, thread_key, 'messaging', participant_id
FROM unnest($1, $2, $3, $4, $5) AS i (id, channel, account, thread_key, participant_id)
ORDER BY channel, account, thread_key
ON CONFLICT (channel, account, thread_key) DO UPDATE SET
    participant_id = coalesce(c.participant_id, excluded.participant_id)
RETURNING channel, account, thread_key, participant_id
