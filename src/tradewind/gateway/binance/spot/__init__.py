"""Binance Spot: REST, streams, WebSocket API."""

from tradewind.gateway.binance.spot.dialect import BinanceSpot

__all__ = ["BinanceSpot"]
