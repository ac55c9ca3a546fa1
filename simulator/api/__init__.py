"""The platforms' HTTP APIs, as programs of a shop call them."""
