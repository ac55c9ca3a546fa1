"""Writes replies: prompts, knowledge, guards and every call to a model."""
