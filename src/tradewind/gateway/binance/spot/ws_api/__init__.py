"""The WebSocket API of Binance Spot: the endpoints of REST, one by one, over a socket."""

from tradewind.gateway.binance.spot.ws_api.talk import SpotApi

__all__ = ["SpotApi"]
