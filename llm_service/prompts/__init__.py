"""What a model is given before and with the history."""
