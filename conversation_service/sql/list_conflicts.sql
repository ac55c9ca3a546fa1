-- PARAMETERS: bigint, bigint[], integer, boolean
-- Conflicts, oldest first: after which id, only these ids (empty: all), how many, whether with the event itself, or the
-- raw bytes where an earlier release kept nothing else.
SELECT id, received_at, channel, account, event_key, octet_length(coalesce(event, raw)), kind, event IS NOT NULL, meaning_sha,
    CASE WHEN $4 THEN coalesce(event, raw) END
FROM event_conflicts
WHERE id > $1 AND (cardinality($2) = 0 OR id = ANY ($2))
ORDER BY id LIMIT $3
