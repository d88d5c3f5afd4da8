"""From a stream's name to the stream."""

from __future__ import annotations

import re
from collections.abc import Callable

from tradewind.exchange import Exchange, Listing, Refused
from tradewind.gateway.binance.spot.klines import INTERVALS
from tradewind.gateway.binance.spot.streams.market import (
    FAST_MS,
    SECOND_MS,
    AggregateTrades,
    AveragePrice,
    BookTicker,
    DayTicker,
    DepthChanges,
    Klines,
    MarketStream,
    MiniTicker,
    TopOfBook,
    Trades,
    WindowTicker,
)
from tradewind.gateway.binance.streams import Hub
from tradewind.market import Kind

PLAIN: dict[str, Callable[[Hub, Exchange, str, Listing], MarketStream]] = {
    "trade": Trades,
    "aggTrade": AggregateTrades,
    "miniTicker": MiniTicker,
    "ticker": DayTicker,
    "avgPrice": AveragePrice,
    "bookTicker": BookTicker,
}
WINDOWS = ("1h", "4h", "1d")
_DEPTH = re.compile(r"depth(5|10|20)?(?:@(100|1000)ms)?")
_EVERYTHING = re.compile(r"!(miniTicker|ticker(?:_(?:1h|4h|1d))?)@arr")


def market_stream(hub: Hub, exchange: Exchange, name: str) -> MarketStream | None:
    """The stream of that name; None when there is none, which the venue does not complain about."""
    market, _, what = name.partition("@")
    if market != market.lower():
        return None
    try:
        listing = exchange.listings.find(Kind.SPOT, market.upper())
    except Refused:
        return None
    return of_market(hub, exchange, name, listing, what)


def of_market(hub: Hub, exchange: Exchange, name: str, listing: Listing, what: str) -> MarketStream | None:
    """The stream of a market by what follows the @."""
    if what in PLAIN:
        return PLAIN[what](hub, exchange, name, listing)
    if what.startswith("kline_"):
        interval = what[6:]
        return Klines(hub, exchange, name, listing, interval) if interval in INTERVALS else None
    if what.startswith("ticker_"):
        return WindowTicker(hub, exchange, name, listing, what[7:]) if what[7:] in WINDOWS else None
    match = _DEPTH.fullmatch(what)
    if match is None:
        return None
    period = FAST_MS if match[2] == "100" else SECOND_MS
    if match[1] is None:
        return DepthChanges(hub, exchange, name, listing, period)
    return TopOfBook(hub, exchange, name, listing, int(match[1]), period)


def all_markets(name: str) -> str | None:
    """What a stream of all markets tells of each; None when the name is no such stream's."""
    match = _EVERYTHING.fullmatch(name)
    return None if match is None else match[1]
