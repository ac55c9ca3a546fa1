"""The messaging platforms on one port: what they send, take and answer, and how they misbehave when told to."""
