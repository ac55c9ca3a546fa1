"""The webhook gateway: messaging platforms' webhooks in, replies out through their send APIs."""
