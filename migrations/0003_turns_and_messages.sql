-- What is to be answered, and everything that was said.

CREATE TABLE turns (
    conversation_id   uuid        NOT NULL REFERENCES conversations (id),
    turn_no           bigint      NOT NULL CHECK (turn_no > 0),
    state             text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'silent')),
    -- The last customer message that belongs to it; grows while messages join, frozen by the first claim.
    input_through_seq bigint      NOT NULL,
    -- Counts claims. Whoever finishes must hold the newest.
    fence             bigint      NOT NULL DEFAULT 0,
    owner_epoch       bigint      NOT NULL DEFAULT 0,
    -- The address of the replica that answers it, where its preview can be read.
    worker            text,
    lease_until       timestamptz,
    attempts          smallint    NOT NULL DEFAULT 0,
    -- Not before then: the gathering window of rapid messages, or the backoff after a failed attempt.
    run_at            timestamptz NOT NULL DEFAULT now(),
    -- The safe text is due then. Unset until the first claim where nobody waits at a screen.
    deadline_at       timestamptz,
    reason            text,
    request_id        text,
    trace_parent      text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    finished_at       timestamptz,
    PRIMARY KEY (conversation_id, turn_no),
    CHECK (state <> 'running' OR (lease_until IS NOT NULL AND deadline_at IS NOT NULL)),
    CHECK ((state = 'silent') = (reason IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX turns_one_running ON turns (conversation_id) WHERE state = 'running';
CREATE INDEX turns_open ON turns (conversation_id, turn_no) WHERE state IN ('pending', 'running');
CREATE INDEX turns_due ON turns (run_at) WHERE state = 'pending';

CREATE TABLE messages (
    id              uuid        PRIMARY KEY,
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    seq             bigint      NOT NULL CHECK (seq > 0),
    rev             bigint      NOT NULL CHECK (rev > 0),
    author          text        NOT NULL CHECK (author IN ('customer', 'assistant', 'human', 'system')),
    kind            text        NOT NULL DEFAULT 'text',
    text            text        NOT NULL,
    -- Files, places, contact cards, choices and the like, as the contract's MessageContent in JSON without its text.
    content         jsonb,
    -- The turn that it belongs to: asked in it or answering it; for others the turn after which it was written.
    turn_no         bigint      NOT NULL,
    event_key       text,
    platform_time   timestamptz,
    -- How an answer came about, as the contract's ReplyMeta in JSON.
    meta            jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    deleted_at      timestamptz,
    UNIQUE (conversation_id, seq),
    UNIQUE (conversation_id, rev)
);
CREATE INDEX messages_history ON messages (conversation_id, turn_no, seq);
CREATE UNIQUE INDEX messages_one_reply ON messages (conversation_id, turn_no) WHERE author = 'assistant';

CREATE TABLE message_edits (
    message_id uuid        NOT NULL REFERENCES messages (id),
    rev        bigint      NOT NULL,
    text       text        NOT NULL,
    edited_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, rev)
);

-- down
DROP TABLE message_edits, messages, turns;
