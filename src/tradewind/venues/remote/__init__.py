"""Real venues through ccxt: their candles, quotes and accounts."""

from tradewind.venues.remote.account import RemoteAccount
from tradewind.venues.remote.opening import open_account

__all__ = ["RemoteAccount", "open_account"]
