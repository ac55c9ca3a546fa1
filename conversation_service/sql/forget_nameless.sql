-- PARAMETERS: uuid[]
-- Forgets those of these participants who bear no name.
DELETE FROM participants p
WHERE p.id = ANY ($1) AND NOT EXISTS (SELECT FROM participant_aliases a WHERE a.participant_id = p.id)
