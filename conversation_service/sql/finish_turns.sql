-- PARAMETERS: uuid[], bigint[], bigint[], uuid[], text[], text[], text[], text[], text[], bigint[], smallint[], text[], text[], boolean[], text[], integer[], integer[], integer[], integer[], bigint[]
-- Commits replies of turns, each with its outbox row and its calls, or nothing of it where the fence is stale or the owner
-- changed. Arrays of one length: conversation, turn, fence, message id, text, meta, prompt version, knowledge version,
-- request id. Then one for each call of a model: which of the replies (from 1), rung, provider, model, used fallback, error
-- code, prompt tokens, completion tokens, latency, time to first token, cost.
-- Returns a row for each that is committed: message, number, revision, time, whether a later turn waits.
WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY AS i (
        conversation_id, turn_no, fence, message_id, text, meta, prompt_version, knowledge_version, request_id, place)
), conversation AS MATERIALIZED (
    -- In the order in which recording takes them, so that the two never wait for each other.
    SELECT id, owner_epoch, surface, channel, account FROM conversations WHERE id = ANY ($1)
    ORDER BY channel, account, thread_key FOR UPDATE
), held AS MATERIALIZED (
    -- As renewing takes them.
    SELECT t.conversation_id, t.turn_no
    FROM conversation c JOIN input i ON c.id = i.conversation_id
    JOIN turns t ON t.conversation_id = i.conversation_id AND t.turn_no = i.turn_no AND t.fence = i.fence
    WHERE t.state NOT IN ('pending', 'done', 'silent')
    ORDER BY t.conversation_id, t.turn_no FOR UPDATE OF t
), finished AS (
    UPDATE turns t SET state = 'done', finished_at = clock_timestamp(), lease_until = NULL
    FROM held h JOIN input i USING (conversation_id, turn_no) JOIN conversation c ON c.id = i.conversation_id
    WHERE t.conversation_id = i.conversation_id AND t.turn_no = i.turn_no AND t.fence = i.fence
        AND t.owner_epoch = c.owner_epoch
        -- Says "still running" so that the planner takes the primary key, not the index of all running turns.
        AND t.state NOT IN ('pending', 'done', 'silent')
    RETURNING i.*, c.surface, c.channel, c.account
), counted AS (
    UPDATE conversations c SET
        next_seq = c.next_seq + 1, next_rev = c.next_rev + 1, next_out = c.next_out + (f.surface = 'messaging')::int
    FROM finished f WHERE c.id = f.conversation_id
    RETURNING f.*, c.next_seq - 1 AS seq, c.next_rev - 1 AS rev, c.next_out - 1 AS out_seq, c.next_turn
), replied AS (
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no, meta, created_at)
    SELECT message_id, conversation_id, seq, rev, 'assistant', text, turn_no, meta::jsonb, clock_timestamp() FROM counted
    RETURNING id, seq, rev, created_at
), queued AS (
    INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text, request_id)
    SELECT conversation_id, channel, account, out_seq, message_id, 0, text, request_id FROM counted WHERE surface = 'messaging'
), called AS (
    INSERT INTO llm_calls (conversation_id, turn_no, fence, rung, provider, model, used_fallback, error_code, prompt_tokens,
        completion_tokens, latency_ms, first_token_ms, cost_micros, prompt_version, knowledge_version, request_id)
    SELECT f.conversation_id, f.turn_no, f.fence, i.rung, i.provider, i.model, i.used_fallback, i.error_code,
        i.prompt_tokens, i.completion_tokens, i.latency_ms, i.first_token_ms, i.cost_micros, f.prompt_version,
        f.knowledge_version, f.request_id
    FROM finished f JOIN unnest($10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) AS i (
        place, rung, provider, model, used_fallback, error_code, prompt_tokens, completion_tokens, latency_ms,
        first_token_ms, cost_micros) USING (place)
)
SELECT r.id, r.seq, r.rev, r.created_at, c.next_turn - 1 > c.turn_no FROM replied r JOIN counted c ON c.message_id = r.id
