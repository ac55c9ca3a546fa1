"""Tests that kill, stop and start processes at every step, and look at what the customer sees of it."""
