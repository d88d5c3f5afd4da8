"""A run: the desk, the loop, recovery, replay."""
