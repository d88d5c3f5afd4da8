"""Flat, from any state and any process."""
