-- What was asked of models and tools.

CREATE TABLE llm_calls (
    conversation_id   uuid        NOT NULL REFERENCES conversations (id),
    turn_no           bigint      NOT NULL,
    fence             bigint      NOT NULL,
    -- The rung of the ladder, from 0; the highest of a finished claim answered.
    rung              smallint    NOT NULL,
    provider          text        NOT NULL,
    model             text        NOT NULL,
    used_fallback     boolean     NOT NULL,
    error_code        text        NOT NULL,
    prompt_tokens     integer     NOT NULL,
    completion_tokens integer     NOT NULL,
    latency_ms        integer     NOT NULL,
    first_token_ms    integer     NOT NULL,
    cost_micros       bigint      NOT NULL,
    prompt_version    text        NOT NULL,
    knowledge_version text        NOT NULL,
    request_id        text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, turn_no, fence, rung)
);
CREATE INDEX llm_calls_created ON llm_calls USING brin (created_at);

-- A tool that acts does so once a turn, however often the turn is tried.
CREATE TABLE tool_calls (
    conversation_id uuid        NOT NULL,
    turn_no         bigint      NOT NULL,
    call_key        text        NOT NULL,
    name            text        NOT NULL,
    arguments       jsonb       NOT NULL,
    state           text        NOT NULL DEFAULT 'granted' CHECK (state IN ('granted', 'done')),
    result          jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, turn_no, call_key),
    FOREIGN KEY (conversation_id, turn_no) REFERENCES turns (conversation_id, turn_no)
);

-- down
DROP TABLE tool_calls, llm_calls;
