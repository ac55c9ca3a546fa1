-- PARAMETERS: uuid, text[], text, text
-- Cuts a delivery into these texts: the first is its own, the others are queued behind it. Delivery, texts, state of the
-- others, reason.
WITH first AS (
    UPDATE deliveries SET text = ($2)[1] WHERE id = $1 RETURNING *
)
INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text, state, reason, run_at, request_id,
    created_at, settled_at)
SELECT d.conversation_id, d.channel, d.account, d.out_seq, d.message_id, i.place - 1, i.text, $3, $4,
    CASE $3 WHEN 'queued' THEN 'infinity' ELSE clock_timestamp() END, d.request_id, d.created_at,
    CASE WHEN $3 <> 'queued' THEN clock_timestamp() END
FROM first d, unnest($2) WITH ORDINALITY AS i (text, place)
WHERE i.place > 1
