-- PARAMETERS: text, text, float8, text, float8, float8
-- Stops all sending of an account for a while: channel, account, seconds (0: by the backoff), why, first and longest
-- backoff in seconds. Sends that fail while it is paused were under way before, and are no further reason.
INSERT INTO sending_accounts AS s (channel, account, paused_until, pause_reason, pauses)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => CASE WHEN $3 > 0 THEN $3 ELSE $5 END), $4, 1)
ON CONFLICT (channel, account) DO UPDATE SET
    pause_reason = $4,
    pauses = CASE WHEN s.paused_until > clock_timestamp() THEN s.pauses ELSE least(s.pauses + 1, 100) END,
    paused_until = CASE
        WHEN $3 > 0 THEN greatest(s.paused_until, clock_timestamp() + make_interval(secs => $3))
        WHEN s.paused_until > clock_timestamp() THEN s.paused_until
        ELSE clock_timestamp() + make_interval(secs => least($5 * 2 ^ least(s.pauses, 20), $6))
        END
