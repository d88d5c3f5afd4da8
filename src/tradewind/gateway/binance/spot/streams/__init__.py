"""Streams of Binance Spot: markets and accounts, over raw and combined sockets."""

from tradewind.gateway.binance.spot.streams.source import SpotSource
from tradewind.gateway.binance.spot.streams.users import UserEvents

__all__ = ["SpotSource", "UserEvents"]
