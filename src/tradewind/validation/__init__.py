"""Is there an edge? What was proven, and what a session showed."""
