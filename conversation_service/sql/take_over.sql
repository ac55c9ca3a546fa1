-- PARAMETERS: uuid, text
-- Makes a person the owner of a conversation, or renews it where one is: conversation, why. Replies claimed before are not
-- committed then, and no message joins a turn from before. Returns channel, account, surface, the revision of the change, 0
-- where a person was the owner already.
WITH old AS MATERIALIZED (
    SELECT id, (owner <> 'human')::int AS news FROM conversations WHERE id = $1 FOR UPDATE
)
UPDATE conversations c SET
    owner = 'human', human_at = clock_timestamp(), open_count = 0,
    owner_epoch = c.owner_epoch + news, next_rev = c.next_rev + news,
    owner_rev = CASE news WHEN 1 THEN c.next_rev ELSE c.owner_rev END,
    owner_reason = CASE news WHEN 1 THEN $2 ELSE c.owner_reason END
FROM old WHERE c.id = old.id
RETURNING c.channel, c.account, c.surface, news * c.owner_rev
