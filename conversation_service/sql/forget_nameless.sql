-- PARAMETERS: uuid[]
-- Forgets those of these participants who bear no name.
DELETE FROM participants p
WHERE p.id = ANY ($1) AND (SELECT id FROM participant_aliases WHERE participant_id = p.id LIMIT 1) IS NULL
