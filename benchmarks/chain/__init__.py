"""The bare chain: the least that a turn can cost in Spur's form, written without anything else that Spur does."""
