-- PARAMETERS: uuid[], text[], text[], bigint[], integer
-- What changed in conversations: id, channel, account, after which revision; messages of each at most. One row a message,
-- or one without a message where nothing changed; each with the conversation's newest revision, and who owns it
-- since which.
SELECT c.id, c.channel, c.account, c.next_rev - 1, m.id, m.seq, m.rev, m.author, m.kind, m.text, m.content, m.turn_no,
    m.event_key, m.platform_time, m.created_at, m.edited_at, m.deleted_at, m.meta,
    c.owner, c.owner_rev
FROM unnest($1, $2, $3, $4) AS i (id, channel, account, after_rev)
-- Joined to nothing, so that no index of channels is taken: planned while the table was empty, it would be read through.
JOIN conversations c ON c.id = i.id AND c.channel || '' = i.channel AND c.account || '' = i.account
LEFT JOIN LATERAL (
    SELECT * FROM messages WHERE conversation_id = c.id AND rev > i.after_rev ORDER BY rev LIMIT $5
) m ON true
ORDER BY c.id, m.rev
