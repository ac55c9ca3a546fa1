-- PARAMETERS: uuid, text, text, text, text[]
-- Ends what a participant is no longer called: participant, channel, account, kind, the names of that kind that stay. The
-- platform's id of the person goes with the name that it was made of.
WITH old AS (
    SELECT value FROM participant_aliases
    WHERE participant_id = $1 AND channel || '' = $2 AND account || '' = $3 AND kind = $4 AND value <> ALL ($5) AND valid_until IS NULL
)
UPDATE participant_aliases a SET valid_until = clock_timestamp()
FROM old
WHERE a.participant_id = $1 AND a.channel || '' = $2 AND a.account || '' = $3 AND a.kind IN ($4, 'id') AND a.value = old.value
    AND a.valid_until IS NULL
