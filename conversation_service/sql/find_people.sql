-- PARAMETERS: text[], text[], text[], text[]
-- Who bears names, and where they are talked with: channel, account, kind, value. Of kind '' is the key of a thread. Returns
-- those that are known: the name, the participant, the thread of their oldest conversation with that account, and since when
-- it is there (both null: there is none).
SELECT i.channel, i.account, i.kind, i.value, a.participant_id, c.thread_key, c.created_at
FROM unnest($1, $2, $3, $4) AS i (channel, account, kind, value)
JOIN participant_aliases a ON i.kind <> '' AND a.valid_until IS NULL
    AND a.channel = i.channel AND a.account = i.account AND a.kind = i.kind AND a.value = i.value
LEFT JOIN LATERAL (
    SELECT thread_key, created_at FROM conversations
    WHERE participant_id = a.participant_id AND channel || '' = i.channel AND account || '' = i.account
        AND continues_in IS NULL
    ORDER BY created_at, id LIMIT 1
) c ON true
UNION ALL
SELECT i.channel, i.account, i.kind, i.value, c.participant_id, coalesce(n.thread_key, c.thread_key), c.created_at
FROM unnest($1, $2, $3, $4) AS i (channel, account, kind, value)
JOIN conversations c ON i.kind = '' AND c.channel = i.channel AND c.account = i.account AND c.thread_key = i.value
LEFT JOIN conversations n ON n.id = c.continues_in
