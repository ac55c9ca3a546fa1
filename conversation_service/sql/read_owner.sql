-- PARAMETERS: uuid
-- Who answers a conversation, and the revision of the last change of that.
SELECT owner, owner_rev FROM conversations WHERE id = $1
