"""Binance USD-M futures: REST, streams, WebSocket API."""

from tradewind.gateway.binance.usdm.dialect import BinanceUsdm
from tradewind.gateway.binance.usdm.refused import REFUSED

__all__ = ["REFUSED", "BinanceUsdm"]
