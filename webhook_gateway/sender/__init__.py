"""The sender: takes replies from the conversation service's outbox and hands them to the platforms."""
