"""Finding the passage that answers a question, by words and concepts; no model, no network."""
