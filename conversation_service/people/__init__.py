"""Who writes: the names of a person at a platform, and the one conversation that they hold with an account of ours."""
