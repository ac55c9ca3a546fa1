-- PARAMETERS: uuid, uuid[], text, text
-- Makes several participants one: who stays, the others, channel and account. The oldest conversation continues, the others
-- lead to it; whoever wanted no more messages in one of them wants none in it.
WITH threads AS MATERIALIZED (
    SELECT id, created_at, opted_out_at FROM conversations
    WHERE participant_id = ANY ($1 || $2) AND channel || '' = $3 AND account || '' = $4
    ORDER BY channel, account, thread_key FOR UPDATE
), stays AS MATERIALIZED (
    SELECT t.id FROM threads t JOIN conversations c ON c.id = t.id AND c.continues_in IS NULL
    ORDER BY t.created_at, t.id LIMIT 1
), led AS (
    UPDATE conversations c SET
        participant_id = $1,
        continues_in = CASE WHEN c.id <> stays.id THEN stays.id END,
        opted_out_at = CASE WHEN c.id = stays.id THEN (SELECT min(opted_out_at) FROM threads) ELSE c.opted_out_at END
    FROM stays WHERE c.id IN (SELECT id FROM threads)
), merged AS (
    UPDATE participants SET merged_into = $1 WHERE id = ANY ($2) OR merged_into = ANY ($2)
)
UPDATE participant_aliases SET participant_id = $1 WHERE participant_id = ANY ($2)
