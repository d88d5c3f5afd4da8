"""Candles: download, import, check, store, align. Nothing is ever filled in."""
