-- PARAMETERS: uuid
-- The texts of a message's parts, in their order.
SELECT text FROM deliveries WHERE message_id = $1 ORDER BY part
