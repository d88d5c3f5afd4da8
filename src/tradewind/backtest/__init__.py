"""A policy through the simulator, and the figures that come out."""
