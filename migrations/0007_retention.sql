-- What it takes to requeue a conflict, to find what has outlived its use, and to see what waits for somebody.

-- The event as the gateway sent it (serialised Event), so that a person can decide that it was one of its own after all.
-- Rows of earlier releases have none, but have `raw`, which the event holds as well.
ALTER TABLE event_conflicts ADD COLUMN event bytea;

-- The day, not the moment: an index on the moment would need a new entry for each message. A conversation in which no
-- customer wrote was opened by the business's side or by a preference, and goes as well.
ALTER TABLE conversations ADD COLUMN active_on date
    GENERATED ALWAYS AS ((coalesce(last_customer_at, created_at) AT TIME ZONE 'UTC')::date) STORED;
CREATE INDEX conversations_active ON conversations (active_on);

-- No BRIN where rows are deleted by age: a new row in a freed page keeps the page's range looking old for ever.
DROP INDEX inbound_events_received, llm_calls_created;
CREATE INDEX inbound_events_received ON inbound_events (received_at);
CREATE INDEX inbound_events_raw ON inbound_events (received_at) WHERE raw IS NOT NULL;
CREATE INDEX event_conflicts_received ON event_conflicts (received_at);
CREATE INDEX poison_events_received ON poison_events (received_at);
CREATE INDEX llm_calls_created ON llm_calls (created_at);
CREATE INDEX delivery_attempts_started ON delivery_attempts (started_at);

-- Read by the foreign keys when what they point to is deleted.
CREATE INDEX conversations_participant ON conversations (participant_id) WHERE participant_id IS NOT NULL;
CREATE INDEX conversations_continues ON conversations (continues_in) WHERE continues_in IS NOT NULL;
CREATE INDEX participants_merged ON participants (merged_into) WHERE merged_into IS NOT NULL;

-- The oldest of each state is what somebody may have to look after.
CREATE INDEX deliveries_waiting ON deliveries (state, created_at, id) WHERE state IN ('queued', 'unknown', 'parked');

-- down
DROP INDEX deliveries_waiting, participants_merged, conversations_continues, conversations_participant,
    delivery_attempts_started, llm_calls_created, poison_events_received, event_conflicts_received, inbound_events_raw,
    inbound_events_received;
CREATE INDEX inbound_events_received ON inbound_events USING brin (received_at);
CREATE INDEX llm_calls_created ON llm_calls USING brin (created_at);
ALTER TABLE conversations DROP COLUMN active_on;
ALTER TABLE event_conflicts DROP COLUMN event;
