-- PARAMETERS: uuid[], text[], uuid[], text[], text[], text[], text[]
-- Remembers new people and new names: ids and display names of the new ones; then for each name its participant, channel,
-- account, kind and value. A name that somebody else bears meanwhile stays theirs: look who bears it after this.
WITH people AS (
    INSERT INTO participants (id, display_name) SELECT * FROM unnest($1, $2)
)
INSERT INTO participant_aliases (participant_id, channel, account, kind, value)
SELECT participant_id, channel, account, kind, value
FROM unnest($3, $4, $5, $6, $7) AS i (participant_id, channel, account, kind, value)
ORDER BY channel, account, kind, value
ON CONFLICT (channel, account, kind, value) WHERE valid_until IS NULL DO NOTHING
