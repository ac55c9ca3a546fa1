-- PARAMETERS: integer, text, float8, float8
-- Claims due turns, each the head of its conversation's line: limit, worker, lease seconds, seconds to the deadline where
-- none is set yet. The conversation is locked before the turn, and closed for joining; the input is read after COMMIT.
WITH due AS (
    SELECT t.conversation_id, t.turn_no, c.owner, c.owner_epoch, c.channel, c.account, c.surface
    FROM turns t JOIN conversations c ON c.id = t.conversation_id
    LEFT JOIN turns p ON p.conversation_id = t.conversation_id AND p.turn_no = t.turn_no - 1
    WHERE t.state = 'pending' AND t.run_at <= now()
        -- The one before it is over, and so are all before that: they were claimed in order.
        AND coalesce(p.state NOT IN ('pending', 'running'), true)
    ORDER BY t.run_at LIMIT $1
    FOR UPDATE OF c SKIP LOCKED
), claimed AS (
    UPDATE turns t SET
        state = 'running', fence = t.fence + 1, attempts = t.attempts + 1, worker = $2, owner_epoch = due.owner_epoch,
        deadline_at = coalesce(t.deadline_at, clock_timestamp() + make_interval(secs => $4)),
        lease_until = clock_timestamp() + make_interval(secs => $3),
        typing_at = CASE due.surface WHEN 'messaging' THEN to_timestamp(0) END
    FROM due
    WHERE t.conversation_id = due.conversation_id AND t.turn_no = due.turn_no
        -- Says "still pending" so that the planner takes the primary key, not the index of all pending turns.
        AND t.state NOT IN ('running', 'done', 'silent')
    RETURNING t.conversation_id, t.turn_no, t.fence, t.attempts, t.deadline_at, t.request_id, t.trace_parent,
        t.created_at, due.owner, due.channel, due.account, due.surface
), closed AS (
    UPDATE conversations c SET open_count = 0
    FROM claimed WHERE c.id = claimed.conversation_id AND c.next_turn - 1 = claimed.turn_no
)
SELECT conversation_id, turn_no, fence, attempts, request_id, trace_parent, owner, channel, account, surface,
    extract(epoch FROM deadline_at - clock_timestamp())::float8,
    extract(epoch FROM clock_timestamp() - created_at)::float8
FROM claimed
