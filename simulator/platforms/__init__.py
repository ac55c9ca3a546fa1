"""One file per platform: its API as it answers, its webhooks as it writes and signs them."""
