"""Public market data of Binance Spot, at market time."""

from __future__ import annotations

from typing import Any

from tradewind.exchange.candles import Candle
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.market import Kind

routes = Routes("/api/v3")


@routes.on("GET", "/klines", weight=2)
def klines(call: Call) -> Any:
    """Candles, the forming one included, oldest first."""
    params = call.params
    listing = call.exchange.listings.find(Kind.SPOT, params.text("symbol"))
    interval = params.text("interval")
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    found = call.exchange.tape.candles(listing.symbol, interval, start, end, params.limit(500, 1000))
    return [candle_row(candle) for candle in found]


def candle_row(candle: Candle) -> list[Any]:
    """The twelve columns of a kline."""
    return [
        candle.open_time,
        f"{candle.open:.8f}",
        f"{candle.high:.8f}",
        f"{candle.low:.8f}",
        f"{candle.close:.8f}",
        f"{candle.volume:.8f}",
        candle.close_time - 1,
        f"{candle.quote_volume:.8f}",
        candle.trades,
        f"{candle.taker_buy_volume:.8f}",
        f"{candle.taker_buy_quote_volume:.8f}",
        "0",
    ]
