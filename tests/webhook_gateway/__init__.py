"""The webhook gateway, as platforms and as an operator meet it; what the tests share ends with them."""
