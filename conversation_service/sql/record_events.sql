-- PARAMETERS: text[], text[], text[], text[], text[], text[], uuid[], uuid[], text[], bytea[], bytea[], text[], text[], timestamptz[], text[], text[], integer[], uuid[], float8, float8, float8, text, float8, integer
-- Records events, and what customers' messages among them bring about: event, conversation, turn and message in one
-- statement, so one round trip and one commit. Keys of all kinds are taken in one order, so that no two batches wait for
-- each other. Only keys that were not known yet take effect; the rows returned are theirs.
-- Arrays of one length: channel, account, event key, thread key, event's kind, surface, id for a new conversation, message
-- id (null: the event changes nothing yet), message's kind, meaning, raw, text, content, platform time, request id, trace
-- parent, reply window, participant (null: unknown). Then seconds: gathering window, its end, deadline. Then for turns that
-- are claimed as they are opened: worker (null: none is), lease seconds, messages of history at most.
-- A live message that nothing of its conversation is waiting before is claimed in the same statement and commit, so that a
-- quiet turn costs no other. Its history is what the statement's snapshot shows, so it is claimed only where that shows
-- the turn before it to be over, and the conversation at the revision at which the row is locked: no reply, edit or
-- deletion came in between. Elsewhere claim_turns.sql finds the turn pending.
WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) WITH ORDINALITY AS i (
        channel, account, event_key, thread_key, event_kind, surface, new_id, message_id, kind, meaning_sha, raw, text,
        content, platform_time, request_id, trace_parent, reply_window, participant_id, place)
), recorded AS (
    INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, message_id, raw, outcome)
    SELECT channel, account, event_key, thread_key, event_kind, meaning_sha, message_id, raw,
        CASE WHEN message_id IS NOT NULL THEN 'message'
            WHEN event_kind IN ('alias_change', 'deletion', 'echo', 'edit', 'preference', 'read_mark', 'status') THEN 'applied'
            ELSE 'kept' END
    FROM input ORDER BY channel, account, event_key
    ON CONFLICT DO NOTHING
    RETURNING channel, account, event_key, thread_key, message_id
), fresh AS (
    SELECT i.*, row_number() OVER (PARTITION BY channel, account, i.thread_key ORDER BY place DESC) - 1 AS from_end
    FROM input i JOIN recorded USING (channel, account, event_key)
    WHERE i.message_id IS NOT NULL
), held AS MATERIALIZED (
    -- Where other events than messages are among them, whose effects follow in this transaction: all conversations that
    -- are there are locked before the first is changed, so that everybody takes them in one order.
    SELECT c.id, c.channel, c.account, c.thread_key
    FROM (
        SELECT DISTINCT channel, account, thread_key FROM recorded
        WHERE EXISTS (SELECT FROM input WHERE message_id IS NULL) ORDER BY channel, account, thread_key
    ) i
    CROSS JOIN LATERAL (
        SELECT * FROM conversations
        WHERE channel = i.channel AND account = i.account AND thread_key = i.thread_key LIMIT 1 FOR UPDATE
    ) c
), touched AS (
    -- This upsert is the lock that serialises everything about one conversation, and joining or opening a turn is decided
    -- here, in the row's own columns: the statement's snapshot does not show a turn that a concurrent one just committed.
    INSERT INTO conversations AS c
        (id, channel, account, thread_key, surface, open_count, next_seq, next_turn, next_rev, last_customer_at,
            reply_window_seconds, participant_id)
    SELECT (array_agg(new_id ORDER BY place))[1], channel, account, thread_key, min(surface),
        CASE WHEN $22 IS NOT NULL AND count(*) = 1 AND min(surface) = 'live' THEN 0 ELSE (count(*) - 1) % 10 + 1 END,
        1 + count(*), 1 + (count(*) + 9) / 10, 1 + count(*),
        max(least(platform_time, now())),  -- a platform's clock may be ahead
        max(reply_window), (array_agg(participant_id))[1]
    FROM fresh WHERE (SELECT count(*) FROM held) >= 0
    GROUP BY channel, account, thread_key ORDER BY channel, account, thread_key
    ON CONFLICT (channel, account, thread_key) DO UPDATE SET
        -- 0: closed for joining, as a turn is that has been claimed.
        open_count = CASE
            -- Subqueries for a value: EXISTS may be planned as a table of all turns that are over, read for each call.
            WHEN excluded.open_count = 0 AND c.open_count = 0 AND c.surface = 'live' AND c.owner = 'assistant'
                AND c.next_rev = (SELECT s.next_rev FROM conversations s WHERE s.id = c.id)
                AND (SELECT p.state FROM turns p WHERE p.conversation_id = c.id AND p.turn_no = c.next_turn - 1)
                    NOT IN ('pending', 'running')
            THEN 0
            ELSE (c.open_count + excluded.next_seq - 2) % 10 + 1
        END,
        -- A turn holds ten messages; the one that is open, if any, is filled first.
        next_turn = c.next_turn + (c.open_count + excluded.next_seq + 8) / 10 - (c.open_count > 0)::int,
        next_seq = c.next_seq + excluded.next_seq - 1,
        next_rev = c.next_rev + excluded.next_rev - 1,
        last_customer_at = greatest(c.last_customer_at, excluded.last_customer_at),
        reply_window_seconds = excluded.reply_window_seconds,
        participant_id = coalesce(c.participant_id, excluded.participant_id),
        status = 'open'
    RETURNING id, channel, account, thread_key, surface, owner_epoch, open_count, next_seq, next_turn, next_rev
), placed AS (
    -- Numbers are counted back from the row's new state: the last message is the newest of the open turn.
    SELECT f.message_id, f.kind, f.text, f.content, f.event_key, f.platform_time, f.request_id, f.trace_parent,
        t.id AS conversation_id, t.surface, t.owner_epoch, t.open_count = 0 AS is_claimed,
        t.next_seq - 1 - f.from_end AS seq,
        t.next_rev - 1 - f.from_end AS rev,
        t.next_turn - 1 - CASE
            WHEN f.from_end < t.open_count OR t.open_count = 0 THEN 0 ELSE 1 + (f.from_end - t.open_count) / 10
        END AS turn_no
    FROM fresh f JOIN touched t USING (channel, account, thread_key)
), turned AS (
    INSERT INTO turns AS t
        (conversation_id, turn_no, input_through_seq, run_at, deadline_at, request_id, trace_parent,
        state, fence, attempts, owner_epoch, worker, lease_until)
    SELECT conversation_id, turn_no, max(seq),
        clock_timestamp() + make_interval(secs => CASE surface WHEN 'live' THEN 0 ELSE $19 END),
        CASE surface WHEN 'live' THEN clock_timestamp() + make_interval(secs => $21) END,
        (array_agg(request_id ORDER BY seq))[1], (array_agg(trace_parent ORDER BY seq))[1],
        CASE WHEN is_claimed THEN 'running' ELSE 'pending' END, is_claimed::int, is_claimed::int, owner_epoch,
        CASE WHEN is_claimed THEN $22 END, CASE WHEN is_claimed THEN clock_timestamp() + make_interval(secs => $23) END
    FROM placed GROUP BY conversation_id, turn_no, surface, is_claimed, owner_epoch ORDER BY conversation_id, turn_no
    ON CONFLICT (conversation_id, turn_no) DO UPDATE SET
        input_through_seq = excluded.input_through_seq,
        run_at = least(excluded.run_at, t.created_at + make_interval(secs => $20))
), said AS (
    INSERT INTO messages
        (id, conversation_id, seq, rev, author, kind, text, content, turn_no, event_key, platform_time, created_at)
    SELECT message_id, conversation_id, seq, rev, 'customer', kind, text, content::jsonb, turn_no, event_key, platform_time,
        clock_timestamp()
    FROM placed ORDER BY conversation_id, seq
    RETURNING id, conversation_id, seq, rev, turn_no, created_at
)
SELECT r.channel, r.account, r.event_key, s.created_at, s.id, coalesce(s.conversation_id, h.id), s.seq, s.rev,
    s.turn_no, p.is_claimed, past.authors, past.texts, past.kinds
FROM recorded r LEFT JOIN said s ON s.id = r.message_id LEFT JOIN placed p ON p.message_id = r.message_id
LEFT JOIN held h ON (h.channel, h.account, h.thread_key) = (r.channel, r.account, r.thread_key) AND r.message_id IS NULL
-- As in read_inputs.sql, without the turn's own message.
LEFT JOIN LATERAL (
    SELECT array_agg(m.author) AS authors, array_agg(m.text) AS texts, array_agg(m.kind) AS kinds
    FROM (
        SELECT author, text, kind FROM messages
        WHERE p.is_claimed AND p.turn_no > 1 AND conversation_id = p.conversation_id AND turn_no < p.turn_no
            AND author <> 'system' AND deleted_at IS NULL
        ORDER BY turn_no DESC, author = 'customer', coalesce(platform_time, created_at) DESC, seq DESC
        LIMIT $24 - 1
    ) m
) past ON true
ORDER BY s.conversation_id, s.seq
