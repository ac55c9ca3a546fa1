"""The web gateway, as a browser and as an operator meet it; what the tests share ends with them."""
