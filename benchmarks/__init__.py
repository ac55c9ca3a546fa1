"""Measures Spur side by side with a monolith of one hop and with pgbench: `python -m benchmarks` is `make bench`."""
