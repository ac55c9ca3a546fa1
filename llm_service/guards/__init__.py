"""Deterministic checks between the model and the customer, sentence by sentence."""
