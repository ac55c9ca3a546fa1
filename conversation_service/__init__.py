"""The conversation service: owns Postgres, the history and the order of things."""
