"""Whole walks over messaging platforms: the simulator on the outside, every service as a real process within."""
