-- PARAMETERS: integer, text, float8, float8, integer
-- Claims due turns, each the head of its conversation's line: limit, worker, lease seconds, seconds to the deadline where
-- none is set yet, replies an hour to one customer of a platform (0: no limit). Of each is said why no reply is due, if that
-- is so, and whether it would be the conversation's first. The conversation is locked before the turn, and closed for joining; the input is read after COMMIT.
WITH due AS (
    SELECT t.conversation_id, t.turn_no, c.owner, c.owner_epoch, c.channel, c.account, c.surface, c.status, c.opted_out_at,
        c.last_customer_at + make_interval(secs => nullif(c.reply_window_seconds, 0)) AS open_until
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
        t.created_at, due.owner, due.channel, due.account, due.surface, due.status, due.opted_out_at, due.open_until
), closed AS (
    UPDATE conversations c SET open_count = 0
    FROM claimed WHERE c.id = claimed.conversation_id AND c.next_turn - 1 = claimed.turn_no
)
SELECT conversation_id, turn_no, fence, attempts, request_id, trace_parent, channel, account, surface,
    extract(epoch FROM deadline_at - clock_timestamp())::float8,
    extract(epoch FROM clock_timestamp() - created_at)::float8,
    CASE
        WHEN owner = 'human' OR status = 'closed' THEN 'human_owner'
        WHEN surface = 'live' THEN NULL
        WHEN opted_out_at IS NOT NULL THEN 'opted_out'
        WHEN open_until < clock_timestamp() THEN 'window_closed'
        -- Two machines that answer each other: each of the last eight turns began right after what we said before it.
        WHEN turn_no > 8 AND (
            SELECT count(*) FROM (
                SELECT created_at, lag(finished_at) OVER line AS before,
                    lag(state = 'done' OR reason = 'loop_stopped') OVER line AS is_reply
                FROM turns WHERE conversation_id = claimed.conversation_id
                    AND turn_no BETWEEN claimed.turn_no - 8 AND claimed.turn_no
                WINDOW line AS (ORDER BY turn_no)
            ) a WHERE is_reply AND created_at BETWEEN before AND before + interval '10 seconds') = 8 THEN 'loop_stopped'
        -- The turn that far back is looked at first: mostly it is old, and so are all before it. Else as far back as an hour
        -- reaches where a turn takes a second: those that ended without a reply lie between.
        WHEN $5 > 0 AND turn_no > $5 AND EXISTS (
            SELECT FROM turns b WHERE b.conversation_id = claimed.conversation_id AND b.turn_no = claimed.turn_no - $5
                AND b.finished_at > now() - interval '1 hour') AND (
            SELECT count(*) FROM turns b WHERE b.conversation_id = claimed.conversation_id
                AND b.turn_no BETWEEN claimed.turn_no - greatest(3600, 3 * $5) AND claimed.turn_no - 1
                AND b.state = 'done' AND b.finished_at > now() - interval '1 hour') >= $5 THEN 'loop_stopped'
    END,
    surface = 'messaging' AND (turn_no = 1 OR NOT EXISTS (
        SELECT FROM messages m WHERE m.conversation_id = claimed.conversation_id AND m.author = 'assistant'))
FROM claimed
