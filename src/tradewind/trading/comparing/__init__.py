"""The journal against the venue, and what settles a difference."""
