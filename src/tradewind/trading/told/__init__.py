"""A run told to people: metrics, sessions, decisions in words, exports."""
