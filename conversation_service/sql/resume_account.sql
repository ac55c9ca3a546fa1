-- PARAMETERS: text, text
-- An account sends again: its next pause is a short one. What was accepted during a pause had been under way before it.
UPDATE sending_accounts SET pauses = 0, paused_until = NULL, pause_reason = NULL
WHERE channel = $1 AND account = $2 AND coalesce(paused_until <= clock_timestamp(), true)
