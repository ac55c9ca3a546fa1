"""The whole of Spur on one machine: `python -m local_stack` is what `make up` runs."""
