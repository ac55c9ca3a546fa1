"""The chat page in a real browser, against a stand-in for the gateway that misbehaves on demand."""
