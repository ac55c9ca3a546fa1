-- What arrived, each event once, and what could not take effect.

CREATE TABLE inbound_events (
    channel     text        NOT NULL,
    account     text        NOT NULL,
    event_key   text        NOT NULL,
    thread_key  text        NOT NULL,
    kind        text        NOT NULL,
    -- SHA-256 of what the event means (kind, text, media, reply target): the same key with another meaning is a conflict.
    meaning_sha bytea       NOT NULL,
    -- The message that it became, if it became one.
    message_id  uuid,
    -- bytea: jsonb refuses \u0000, and a platform's bytes are evidence.
    raw         bytea,
    outcome     text        NOT NULL CHECK (outcome IN ('message', 'applied', 'kept')),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, account, event_key)
);
CREATE INDEX inbound_events_received ON inbound_events USING brin (received_at);

CREATE TABLE event_conflicts (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    channel     text        NOT NULL,
    account     text        NOT NULL,
    event_key   text        NOT NULL,
    kind        text        NOT NULL,
    meaning_sha bytea       NOT NULL,
    raw         bytea,
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, account, event_key, meaning_sha)
);

CREATE TABLE poison_events (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    channel     text        NOT NULL,
    account     text        NOT NULL,
    event_key   text        NOT NULL,
    reason      text        NOT NULL,
    -- The event as the gateway sent it (serialised Event), so that it can be replayed once the cause is mended.
    event       bytea       NOT NULL,
    -- SHA-256 of it. The key may be what is wrong with it, so it names nothing.
    event_sha   bytea       NOT NULL UNIQUE,
    received_at timestamptz NOT NULL DEFAULT now()
);

-- Deletion wins over replays and over its own early arrival.
CREATE TABLE tombstones (
    channel    text        NOT NULL,
    account    text        NOT NULL,
    target_key text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, account, target_key)
);

-- down
DROP TABLE tombstones, poison_events, event_conflicts, inbound_events;
