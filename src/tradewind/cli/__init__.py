"""The one command, and what it is composed of."""
