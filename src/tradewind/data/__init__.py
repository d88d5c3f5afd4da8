"""Candles on disk and in time: import, check, align, store, download, replay; synthetic worlds."""
