"""Who can answer: models, and the knowledge itself."""
