"""The simulator of the platforms, held against what they really do; a stub stands for the gateway."""
