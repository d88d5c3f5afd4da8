"""Candles of Binance Spot, at market time."""

from __future__ import annotations

from typing import Any

from tradewind.exchange.candles import Candle
from tradewind.gateway.binance.failure import Failure, invalid
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.spot.markets import eight, listing_of, span

INTERVALS = frozenset(
    ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
)
_UTC = ("0", "00:00", "0:00", "+00:00", "-00:00")

routes = Routes("/api/v3")


@routes.on("GET", "/klines", weight=2, takes="symbol interval startTime endTime timeZone limit")
@routes.on("GET", "/uiKlines", weight=2, takes="symbol interval startTime endTime timeZone limit")
def klines(call: Call) -> Any:
    """Candles, the forming one included, oldest first. Days are those of UTC."""
    listing, interval = listing_of(call), call.params.text("interval")
    if interval not in INTERVALS:
        raise Failure(-1120, "Invalid interval.")
    if call.params.maybe("timeZone") not in (None, *_UTC):
        raise invalid("timeZone")
    start, end = span(call)
    found = call.exchange.tape.candles(listing.symbol, interval, start, end, call.params.limit(500, 1000))
    return [candle_row(candle) for candle in found]


def candle_row(candle: Candle) -> list[Any]:
    """The twelve columns of a kline."""
    return [
        candle.open_time,
        eight(candle.open),
        eight(candle.high),
        eight(candle.low),
        eight(candle.close),
        eight(candle.volume),
        candle.close_time - 1,
        eight(candle.quote_volume),
        candle.trades,
        eight(candle.taker_buy_volume),
        eight(candle.taker_buy_quote_volume),
        "0",
    ]
