"""What the assistant knows of the shop: the documents of a folder, checked when the service starts."""
