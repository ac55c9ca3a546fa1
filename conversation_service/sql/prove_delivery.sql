-- PARAMETERS: uuid
-- The platform has proven a delivery: what its account sent before and is not proven by now got lost. Of several attempts
-- the first counts, for nobody knows which of them it was. Whoever is here holds conversations, and waits for no account:
-- who has it in this moment is most likely another proof, and a later one comes.
WITH proven AS (
    UPDATE deliveries SET proven_at = clock_timestamp() WHERE id = $1 RETURNING id, channel, account
), began AS MATERIALIZED (
    SELECT p.channel, p.account, min(a.started_at) AS at
    FROM proven p JOIN delivery_attempts a ON a.delivery_id = p.id AND a.outcome IS DISTINCT FROM 'not_accepted'
    GROUP BY p.channel, p.account
), known AS MATERIALIZED (
    SELECT s.channel, s.account, b.at
    FROM began b JOIN sending_accounts s ON s.channel = b.channel AND s.account = b.account
    WHERE s.proven_through IS NULL OR s.proven_through < b.at
    FOR UPDATE OF s SKIP LOCKED
), risen AS (
    UPDATE sending_accounts s SET proven_through = k.at FROM known k WHERE s.channel = k.channel AND s.account = k.account
)
INSERT INTO sending_accounts (channel, account, proven_through)
SELECT b.channel, b.account, b.at FROM began b
WHERE NOT EXISTS (SELECT FROM sending_accounts s WHERE s.channel = b.channel AND s.account = b.account)
ON CONFLICT DO NOTHING
