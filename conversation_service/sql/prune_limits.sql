-- PARAMETERS: integer
-- Forgets allowances that are whole again, at most so many: they say nothing that a missing row does not say.
DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE arrival_at < now() LIMIT $1)
