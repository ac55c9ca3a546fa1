-- PARAMETERS: uuid, bigint, text, integer, text
-- What came of an attempt: delivery, fence, outcome, HTTP status, the platform's code.
UPDATE delivery_attempts SET settled_at = clock_timestamp(), outcome = $3, http_status = $4, error_code = $5
WHERE delivery_id = $1 AND fence = $2
