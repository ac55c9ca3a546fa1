-- People, their names, and the conversations they hold with the shop.

CREATE TABLE participants (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    display_name text,
    merged_into  uuid        REFERENCES participants (id),
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE participant_aliases (
    id             bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    channel        text        NOT NULL CHECK (channel ~ '^[a-z_]{1,32}$'),
    account        text        NOT NULL,
    kind           text        NOT NULL CHECK (kind ~ '^[a-z_]{1,32}$'),
    value          text        NOT NULL,
    participant_id uuid        NOT NULL REFERENCES participants (id),
    valid_from     timestamptz NOT NULL DEFAULT now(),
    valid_until    timestamptz
);
-- A retired name may belong to somebody else later, so only the valid ones are unique.
CREATE UNIQUE INDEX participant_aliases_valid ON participant_aliases (channel, account, kind, value)
    WHERE valid_until IS NULL;
CREATE INDEX participant_aliases_participant ON participant_aliases (participant_id);

-- One row serialises everything about one conversation: whoever changes anything in it holds this row's lock first.
CREATE TABLE conversations (
    id               uuid        PRIMARY KEY,
    channel          text        NOT NULL CHECK (channel ~ '^[a-z_]{1,32}$'),
    account          text        NOT NULL,
    thread_key       text        NOT NULL,
    surface          text        NOT NULL CHECK (surface IN ('live', 'messaging')),
    participant_id   uuid        REFERENCES participants (id),
    owner            text        NOT NULL DEFAULT 'assistant' CHECK (owner IN ('assistant', 'human')),
    -- Counts changes of owner: a reply commits only under the epoch that it was claimed under.
    owner_epoch      bigint      NOT NULL DEFAULT 0,
    owner_rev        bigint      NOT NULL DEFAULT 0,
    status           text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    -- Messages in the turn that may still be joined, which is always turn next_turn - 1; 0: the next message opens one.
    open_count       smallint    NOT NULL DEFAULT 0 CHECK (open_count BETWEEN 0 AND 10),
    next_seq         bigint      NOT NULL DEFAULT 1,
    next_turn        bigint      NOT NULL DEFAULT 1,
    next_out         bigint      NOT NULL DEFAULT 1,
    next_rev         bigint      NOT NULL DEFAULT 1,
    last_customer_at timestamptz,
    continues_in     uuid        REFERENCES conversations (id),
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, account, thread_key)
) WITH (fillfactor = 80); -- leaves room in the page, so that counting up needs no new index entries

-- down
DROP TABLE conversations, participant_aliases, participants;
