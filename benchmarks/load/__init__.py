"""The load generator, a process of its own: `python -m benchmarks.load PLAN` with a plan in JSON."""
