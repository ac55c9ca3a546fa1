-- PARAMETERS: uuid, text, text, float8, text, text, integer, integer
-- Changes a delivery whose conversation is locked: id; state and its reason, or null to leave them; seconds until it is
-- due; the platform's id; status, which one that is to be sent again has none of; attempts; blind resends; null leaves each
-- as it is.
UPDATE deliveries SET
    state = coalesce($2, state),
    reason = CASE WHEN $2 IS NULL THEN reason ELSE $3 END,
    lease_until = CASE WHEN $2 IS NULL THEN lease_until END,
    settled_at = CASE WHEN $2 IS NULL THEN settled_at WHEN $2 NOT IN ('queued', 'unknown') THEN clock_timestamp() END,
    run_at = coalesce(clock_timestamp() + make_interval(secs => $4), run_at),
    provider_id = coalesce($5, provider_id),
    status = CASE WHEN $2 = 'queued' THEN $6 ELSE coalesce($6, status) END,
    attempts = coalesce($7, attempts),
    blind_resends = coalesce($8, blind_resends)
WHERE id = $1
