"""What every part of a live run speaks in: intents, reports, readings, quotes; plain data."""
