-- The outbox: each part of each reply that a platform must be handed.

CREATE TABLE deliveries (
    id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    out_seq         bigint      NOT NULL CHECK (out_seq > 0),
    message_id      uuid        NOT NULL REFERENCES messages (id),
    part            smallint    NOT NULL CHECK (part >= 0),
    text            text        NOT NULL,
    state           text        NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'unknown', 'sent', 'dead', 'parked', 'cancelled')),
    reason          text,
    fence           bigint      NOT NULL DEFAULT 0,
    worker          text,
    lease_until     timestamptz,
    attempts        smallint    NOT NULL DEFAULT 0,
    run_at          timestamptz NOT NULL DEFAULT now(),
    blind_resends   smallint    NOT NULL DEFAULT 0 CHECK (blind_resends <= 1),
    provider_id     text,
    -- What the platform says became of it; only ever rises.
    status          text        CHECK (status IN ('sent', 'delivered', 'read', 'failed')),
    request_id      text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    UNIQUE (conversation_id, out_seq),
    UNIQUE (message_id, part)
) WITH (fillfactor = 80);
CREATE INDEX deliveries_open ON deliveries (conversation_id, out_seq) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX deliveries_due ON deliveries (run_at) WHERE state = 'queued';
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_provider ON deliveries (provider_id) WHERE provider_id IS NOT NULL;

-- The intent is committed here before a byte leaves.
CREATE TABLE delivery_attempts (
    delivery_id uuid        NOT NULL REFERENCES deliveries (id),
    fence       bigint      NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    outcome     text        CHECK (outcome IN ('accepted', 'not_accepted', 'rejected', 'unknown', 'expired')),
    http_status integer,
    error_code  text,
    PRIMARY KEY (delivery_id, fence)
);

-- down
DROP TABLE delivery_attempts, deliveries;
