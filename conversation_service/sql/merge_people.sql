-- PARAMETERS: uuid, uuid[], text, text
-- Makes several participants one: who stays, the others, channel and account. The oldest conversation continues, the others
-- lead to it. Returns it, whether a person owns one of those that were not merged before, and why, and since when the
-- customer of one of them wants no more messages (null: of none).
WITH threads AS MATERIALIZED (
    SELECT * FROM conversations
    WHERE participant_id = ANY ($1 || $2) AND channel || '' = $3 AND account || '' = $4
    ORDER BY channel, account, thread_key FOR UPDATE
), stays AS MATERIALIZED (
    SELECT id FROM threads WHERE continues_in IS NULL ORDER BY created_at, id LIMIT 1
), led AS (
    UPDATE conversations c SET participant_id = $1, continues_in = nullif(stays.id, c.id),
        -- The platform takes a reply as long as the customer has written anywhere.
        last_customer_at = newest.at, reply_window_seconds = newest.reply_window
    FROM stays, (SELECT max(last_customer_at) AS at, max(reply_window_seconds) AS reply_window FROM threads) newest
    WHERE c.id IN (SELECT id FROM threads)
), merged AS (
    UPDATE participants SET merged_into = $1 WHERE id = ANY ($2) OR merged_into = ANY ($2)
), named AS (
    UPDATE participant_aliases SET participant_id = $1 WHERE participant_id = ANY ($2)
)
SELECT stays.id, coalesce(bool_or(t.owner = 'human'), false), coalesce(min(t.owner_reason) FILTER (WHERE t.owner = 'human'), ''),
    max(t.opted_out_at)
FROM stays JOIN threads t ON t.continues_in IS NULL GROUP BY stays.id
