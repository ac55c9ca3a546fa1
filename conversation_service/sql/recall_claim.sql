-- PARAMETERS: uuid[], bigint[], timestamptz[], text
-- Which of these claims stand: deliveries, fences, ends of their leases, and the worker.
SELECT d.id FROM deliveries d
JOIN unnest($1, $2, $3) AS i (id, fence, lease_until) ON d.id = i.id AND d.fence = i.fence AND d.lease_until = i.lease_until
WHERE d.worker = $4
