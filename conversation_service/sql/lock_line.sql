-- PARAMETERS: uuid
-- Locks the conversation of a delivery, before anything that belongs to it: the lock order of the whole service.
SELECT c.id FROM conversations c WHERE c.id = (SELECT conversation_id FROM deliveries WHERE id = $1) FOR UPDATE
