-- What it takes to hold conversations on messaging platforms: windows, consent, persons who answer, proofs and pacing.

ALTER TABLE conversations
    -- How long after the customer's last message the platform takes a reply; 0: always.
    ADD COLUMN reply_window_seconds integer     NOT NULL DEFAULT 0 CHECK (reply_window_seconds >= 0),
    ADD COLUMN opted_out_at         timestamptz,
    -- Why the owner is who it is: echo, command, expired…
    ADD COLUMN owner_reason         text,
    -- When a person of the shop last wrote; the assistant takes over again some time after it.
    ADD COLUMN human_at             timestamptz,
    -- Sends to this customer (generic cell rate algorithm): the theoretical arrival time of the next one.
    ADD COLUMN paced_at             timestamptz;
CREATE INDEX conversations_human ON conversations (human_at) WHERE owner = 'human';

ALTER TABLE turns
    -- When the customer was last shown that somebody writes; set from the claim on where a platform may show it.
    ADD COLUMN typing_at timestamptz;
CREATE INDEX turns_typing ON turns (typing_at) WHERE state = 'running' AND typing_at IS NOT NULL;

ALTER TABLE deliveries
    -- Of the conversation, so that who sends for one channel does not walk through the others' backlog.
    ADD COLUMN channel   text,
    ADD COLUMN account   text,
    -- When the platform brought a proof that it took this delivery.
    ADD COLUMN proven_at timestamptz;
UPDATE deliveries d SET channel = c.channel, account = c.account FROM conversations c WHERE c.id = d.conversation_id;
ALTER TABLE deliveries
    ALTER COLUMN channel SET NOT NULL,
    ALTER COLUMN account SET NOT NULL,
    -- The parts of a reply share its place in the line.
    DROP CONSTRAINT deliveries_conversation_id_out_seq_key,
    ADD UNIQUE (conversation_id, out_seq, part);
DROP INDEX deliveries_open, deliveries_due, deliveries_provider;
CREATE INDEX deliveries_open ON deliveries (conversation_id, out_seq, part) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX deliveries_due ON deliveries (channel, account, run_at) WHERE state = 'queued';
-- Who was found behind another of its line waits until the line moves, so that looking for work does not meet it again.
CREATE INDEX deliveries_behind ON deliveries (conversation_id) WHERE state = 'queued' AND run_at = 'infinity';
CREATE INDEX deliveries_under_way ON deliveries (conversation_id) WHERE state IN ('sending', 'unknown');
CREATE INDEX deliveries_provider ON deliveries (channel, account, provider_id) WHERE provider_id IS NOT NULL;
-- Of what is under way, run_at is when the attempt began: what it was due for is past.
UPDATE deliveries d SET run_at = a.started_at FROM delivery_attempts a
WHERE d.state IN ('sending', 'unknown') AND a.delivery_id = d.id AND a.fence = d.fence;
CREATE INDEX deliveries_unknown ON deliveries (run_at) WHERE state = 'unknown';
CREATE INDEX deliveries_unproven ON deliveries (channel, account, run_at) WHERE state = 'unknown';

-- Our accounts at platforms, as far as they have to be used with care.
CREATE TABLE sending_accounts (
    channel        text        NOT NULL,
    account        text        NOT NULL,
    -- As conversations.paced_at, over all customers.
    paced_at       timestamptz,
    -- Throttled, or stopped until a person mends its token or standing.
    paused_until   timestamptz,
    pause_reason   text,
    -- Pauses in a row, for the backoff.
    pauses         smallint    NOT NULL DEFAULT 0,
    -- The newest start of a send that the platform has proven: what was sent before and is unproven got lost.
    proven_through timestamptz,
    PRIMARY KEY (channel, account)
) WITH (fillfactor = 50);

-- What the business's side wrote, while it is not plain whether that was us.
CREATE TABLE held_echoes (
    channel         text        NOT NULL,
    account         text        NOT NULL,
    event_key       text        NOT NULL,
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    provider_id     text        NOT NULL,
    origin          text        NOT NULL CHECK (origin IN ('unknown', 'ours', 'other')),
    text            text        NOT NULL,
    content         jsonb,
    platform_time   timestamptz,
    received_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, account, event_key)
);
CREATE INDEX held_echoes_conversation ON held_echoes (conversation_id);
CREATE INDEX held_echoes_received ON held_echoes (received_at);

-- What became of messages whose sending has not been answered yet; the highest of each.
CREATE TABLE early_statuses (
    channel     text        NOT NULL,
    account     text        NOT NULL,
    provider_id text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('sent', 'delivered', 'read', 'failed')),
    reason      text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, account, provider_id)
);
CREATE INDEX early_statuses_received ON early_statuses (received_at);

-- Nobody reads it: the key of a deleted message that has not come yet is recorded in inbound_events instead.
DROP TABLE tombstones;

-- down
CREATE TABLE tombstones (
    channel    text        NOT NULL,
    account    text        NOT NULL,
    target_key text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, account, target_key)
);
DROP TABLE early_statuses, held_echoes, sending_accounts;
DROP INDEX deliveries_open, deliveries_due, deliveries_behind, deliveries_under_way, deliveries_provider,
    deliveries_unknown, deliveries_unproven;
UPDATE deliveries SET run_at = now() WHERE run_at = 'infinity';
CREATE INDEX deliveries_open ON deliveries (conversation_id, out_seq) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX deliveries_due ON deliveries (run_at) WHERE state = 'queued';
CREATE INDEX deliveries_provider ON deliveries (provider_id) WHERE provider_id IS NOT NULL;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_conversation_id_out_seq_part_key;
-- Each part has a place of its own again.
UPDATE deliveries d SET out_seq = line.place
FROM (SELECT id, row_number() OVER (PARTITION BY conversation_id ORDER BY out_seq, part) AS place FROM deliveries) line
WHERE line.id = d.id AND line.place <> d.out_seq;
UPDATE conversations c SET next_out = line.next_out
FROM (SELECT conversation_id, max(out_seq) + 1 AS next_out FROM deliveries GROUP BY 1) line
WHERE line.conversation_id = c.id AND line.next_out > c.next_out;
ALTER TABLE deliveries
    ADD UNIQUE (conversation_id, out_seq),
    DROP COLUMN channel,
    DROP COLUMN account,
    DROP COLUMN proven_at;
DROP INDEX turns_typing;
ALTER TABLE turns DROP COLUMN typing_at;
DROP INDEX conversations_human;
ALTER TABLE conversations
    DROP COLUMN reply_window_seconds,
    DROP COLUMN opted_out_at,
    DROP COLUMN owner_reason,
    DROP COLUMN human_at,
    DROP COLUMN paced_at;
