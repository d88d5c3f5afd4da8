"""Real venues: their candles, quotes and accounts, through ccxt."""
