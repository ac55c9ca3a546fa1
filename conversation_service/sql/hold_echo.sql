-- PARAMETERS: text, text, text, uuid, text, text, text, text, timestamptz
-- Keeps what the business's side wrote until it is plain whether that was us: channel, account, event key, conversation,
-- the platform's id, origin, text, content, the platform's time.
INSERT INTO held_echoes (channel, account, event_key, conversation_id, provider_id, origin, text, content, platform_time,
    received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, clock_timestamp()) ON CONFLICT DO NOTHING
