-- The monolith's own tables: conversations, what was said in them, and what was asked of the model.

CREATE TABLE conversations (
    id         uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE TABLE messages (
    id                bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    conversation_id   uuid        NOT NULL REFERENCES conversations (id),
    author            text        NOT NULL,
    text              text        NOT NULL,
    -- The browser's own name for its message: a repeated one is stored once.
    client_message_id uuid,
    -- The message that an answer answers.
    reply_to          bigint      REFERENCES messages (id),
    created_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (conversation_id, client_message_id)
);
CREATE INDEX messages_history ON messages (conversation_id, id);

CREATE TABLE model_calls (
    message_id        bigint      PRIMARY KEY REFERENCES messages (id),
    model             text        NOT NULL,
    prompt_tokens     integer     NOT NULL,
    completion_tokens integer     NOT NULL,
    latency_ms        integer     NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
