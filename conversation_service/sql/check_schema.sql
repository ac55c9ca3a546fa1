-- PARAMETERS:
-- Fails where the schema is another version's; looks at no row, so that no backlog makes it slow. Columns of the newest
-- migration.
SELECT c.paced_at, t.typing_at, d.proven_at, s.proven_through
FROM conversations c, turns t, deliveries d, sending_accounts s WHERE false
