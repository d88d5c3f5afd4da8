"""Candles of Binance USD-M: of trades, mark, index and premium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind.exchange import Listing
from tradewind.exchange.candles import Candle
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.usdm.markets import listing_of
from tradewind.gateway.binance.usdm.numbers import money, price, quantity

INTERVALS = frozenset(
    ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
)

routes = Routes("/fapi/v1")


def kline_weight(params: Params) -> int:
    limit = params.values().get("limit", "500")
    size = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 500
    return 1 if size < 100 else 2 if size < 500 else 5 if size <= 1000 else 10


def _window(call: Call) -> tuple[str, int | None, int | None, int]:
    params = call.params
    interval = params.text("interval")
    if interval not in INTERVALS:
        raise Failure(-1120, "Invalid interval.")
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    return interval, start, end, params.limit(500, 1500)


@routes.on("GET", "/klines", weight=kline_weight)
def klines(call: Call) -> Any:
    """Candles, the forming one included, oldest first."""
    return _traded(call, listing_of(call))


@routes.on("GET", "/continuousKlines", weight=kline_weight)
def continuous_klines(call: Call) -> Any:
    """Candles of a pair's perpetual; there are no other contracts."""
    listing = listing_of(call, "pair")
    if call.params.text("contractType") != "PERPETUAL":
        raise Failure(-4104, "Invalid contract type.")
    return _traded(call, listing)


def _traded(call: Call, listing: Listing) -> list[list[Any]]:
    found = call.exchange.tape.candles(listing.symbol, *_window(call))
    return [candle_row(listing, candle) for candle in found]


def candle_row(listing: Listing, candle: Candle) -> list[Any]:
    """The twelve columns of a kline."""
    return [
        candle.open_time,
        price(listing, candle.open),
        price(listing, candle.high),
        price(listing, candle.low),
        price(listing, candle.close),
        quantity(listing, candle.volume),
        candle.close_time - 1,
        f"{candle.quote_volume:.5f}",
        candle.trades,
        quantity(listing, candle.taker_buy_volume),
        f"{candle.taker_buy_quote_volume:.5f}",
        "0",
    ]


@routes.on("GET", "/markPriceKlines", weight=kline_weight)
def mark_klines(call: Call) -> Any:
    """Candles of the mark price."""
    return _priced(call, listing_of(call), call.exchange.tape.prices.mark_candles)


@routes.on("GET", "/indexPriceKlines", weight=kline_weight)
def index_klines(call: Call) -> Any:
    """Candles of the index: the spot market's last price where there is one."""
    return _priced(call, listing_of(call, "pair"), call.exchange.tape.prices.index_candles)


@routes.on("GET", "/premiumIndexKlines", weight=kline_weight)
def premium_klines(call: Call) -> Any:
    """Last price over index less one; high and low compare the highs and lows of both."""
    return _priced(call, listing_of(call), call.exchange.tape.prices.premium_candles)


def _priced(call: Call, listing: Listing, candles: Callable[..., list[Candle]]) -> list[list[Any]]:
    """Klines of a price that is not traded: volumes are 0."""
    return [
        [
            candle.open_time,
            money(candle.open),
            money(candle.high),
            money(candle.low),
            money(candle.close),
            "0",
            candle.close_time - 1,
            "0",
            candle.trades,
            "0",
            "0",
            "0",
        ]
        for candle in candles(listing.symbol, *_window(call))
    ]
