-- PARAMETERS: text[], text[], text[], text[]
-- Who bears names, and where they are talked with: channel, account, kind, value. Of kind '' is the key of a thread. Returns
-- those that are known: the name, the participant, the thread of their oldest conversation with that account, and since when
-- it is there (both null: there is none).
SELECT i.channel, i.account, i.kind, i.value, a.participant_id, c.thread_key, c.created_at
FROM unnest($1, $2, $3, $4) AS i (channel, account, kind, value)
-- One by one, also where the plan was made while the table was empty.
CROSS JOIN LATERAL (
    SELECT participant_id FROM participant_aliases
    WHERE channel = i.channel AND account = i.account AND kind = i.kind AND value = i.value AND valid_until IS NULL LIMIT 1
) a
LEFT JOIN LATERAL (
    SELECT thread_key, created_at FROM conversations
    WHERE participant_id = a.participant_id AND channel || '' = i.channel AND account || '' = i.account
        AND continues_in IS NULL
    ORDER BY created_at, id LIMIT 1
) c ON true
WHERE i.kind <> ''
UNION ALL
SELECT i.channel, i.account, i.kind, i.value, c.participant_id, coalesce(n.thread_key, c.thread_key), c.created_at
FROM unnest($1, $2, $3, $4) AS i (channel, account, kind, value)
CROSS JOIN LATERAL (
    SELECT participant_id, thread_key, created_at, continues_in FROM conversations
    WHERE channel = i.channel AND account = i.account AND thread_key = i.value LIMIT 1
) c
LEFT JOIN conversations n ON n.id = c.continues_in
WHERE i.kind = ''
