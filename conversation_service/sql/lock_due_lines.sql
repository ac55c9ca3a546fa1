-- PARAMETERS: text[], text[], integer[], integer
-- Locks conversations in which something is due: channels, accounts, how many of each account, how many in all. Accounts
-- take turns, so that the backlog of one does not hold up another; who begins is left to chance, because a busy sender asks
-- for a single one each time. What somebody else holds is left to them.
-- Returns conversation, the deliveries that were found due. What is to be done with them only a later statement can tell:
-- this one does not see what was committed just before the lock was taken.
SELECT c.id, due.deliveries
FROM (
    SELECT line.*, row_number() OVER (PARTITION BY i.channel, i.account ORDER BY line.run_at) AS place
    FROM unnest($1, $2, $3) AS i (channel, account, most)
    CROSS JOIN LATERAL (
        SELECT d.conversation_id, min(d.run_at) AS run_at, array_agg(d.id) AS deliveries
        FROM (
            SELECT id, conversation_id, run_at FROM deliveries
            WHERE state = 'queued' AND channel = i.channel AND account = i.account AND run_at <= now()
            ORDER BY run_at LIMIT 200
        ) d
        GROUP BY d.conversation_id ORDER BY 2 LIMIT i.most
    ) line
) due
JOIN conversations c ON c.id = due.conversation_id
ORDER BY due.place, random() LIMIT $4
FOR UPDATE OF c SKIP LOCKED
