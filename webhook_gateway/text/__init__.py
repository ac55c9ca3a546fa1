"""Answers as platforms take and show them: in pieces, and with their own marks."""
