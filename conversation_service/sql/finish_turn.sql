-- PARAMETERS: uuid, bigint, bigint, uuid, text, text, text[], text[], boolean[], text[], integer[], integer[], integer[], integer[], bigint[], text, text, text
-- Commits the reply of a turn with its outbox row and its calls, or nothing where the fence is stale or the owner changed.
-- Conversation, turn, fence; message id, text, meta; a call each: provider, model, used fallback, error code, prompt tokens,
-- completion tokens, latency, time to first token, cost; prompt version, knowledge version, request id.
WITH conversation AS (
    SELECT id, owner_epoch, surface FROM conversations WHERE id = $1 FOR UPDATE
), finished AS (
    UPDATE turns t SET state = 'done', finished_at = clock_timestamp(), lease_until = NULL
    FROM conversation c
    WHERE t.conversation_id = $1 AND t.turn_no = $2 AND t.fence = $3 AND t.state = 'running' AND t.owner_epoch = c.owner_epoch
    RETURNING c.surface
), counted AS (
    UPDATE conversations c SET
        next_seq = c.next_seq + 1, next_rev = c.next_rev + 1,
        next_out = c.next_out + (finished.surface = 'messaging')::int
    FROM finished WHERE c.id = $1
    RETURNING c.next_seq - 1 AS seq, c.next_rev - 1 AS rev, c.next_out - 1 AS out_seq, finished.surface
), replied AS (
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no, meta, created_at)
    SELECT $4, $1, seq, rev, 'assistant', $5, $2, $6::jsonb, clock_timestamp() FROM counted
    RETURNING seq, rev, created_at
), queued AS (
    INSERT INTO deliveries (conversation_id, out_seq, message_id, part, text, request_id)
    SELECT $1, out_seq, $4, 0, $5, $18 FROM counted WHERE surface = 'messaging'
), called AS (
    INSERT INTO llm_calls (conversation_id, turn_no, fence, rung, provider, model, used_fallback, error_code, prompt_tokens,
        completion_tokens, latency_ms, first_token_ms, cost_micros, prompt_version, knowledge_version, request_id)
    SELECT $1, $2, $3, i.rung - 1, i.provider, i.model, i.used_fallback, i.error_code, i.prompt_tokens, i.completion_tokens,
        i.latency_ms, i.first_token_ms, i.cost_micros, $16, $17, $18
    FROM unnest($7, $8, $9, $10, $11, $12, $13, $14, $15) WITH ORDINALITY AS i (
        provider, model, used_fallback, error_code, prompt_tokens, completion_tokens, latency_ms, first_token_ms,
        cost_micros, rung)
    WHERE EXISTS (SELECT FROM finished)
)
SELECT seq, rev, created_at FROM replied
