"""Many trainings on many splits: what is tried, who runs it, where it is kept, what it came to."""
