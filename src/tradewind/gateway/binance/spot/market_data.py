"""Books, trades and average prices of Binance Spot, at market time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Listing
from tradewind.exchange.candles import MarketTrade
from tradewind.exchange.tape import Tape
from tradewind.gateway.binance.failure import not_together
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.spot.markets import eight, listing_of, span

routes = Routes("/api/v3")


def _depth_weight(params: Params) -> int:
    text = params.values().get("limit", "100")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 100
    return 5 if size <= 100 else 25 if size <= 500 else 50 if size <= 1000 else 250


@routes.on("GET", "/depth", weight=_depth_weight, takes="symbol limit symbolStatus")
def depth(call: Call) -> Any:
    """The book. `lastUpdateId` goes on from what the depth stream told."""
    listing, limit = listing_of(call), call.params.limit(100, 5000)
    return book(call.exchange.tape, listing, limit)


def book(tape: Tape, listing: Listing, limit: int) -> dict[str, Any]:
    last_id, bids, asks = tape.book(listing.symbol, limit)
    return {"lastUpdateId": last_id, "bids": levels(bids), "asks": levels(asks)}


def levels(found: list[tuple[Decimal, Decimal]] | tuple[tuple[Decimal, Decimal], ...]) -> list[list[str]]:
    return [[eight(price), eight(quantity)] for price, quantity in found]


@routes.on("GET", "/trades", weight=25, takes="symbol limit")
def trades(call: Call) -> Any:
    """The newest trades, oldest first."""
    listing = listing_of(call)
    return [_trade(t) for t in call.exchange.tape.trades(listing.symbol, call.params.limit(500, 1000))]


@routes.on("GET", "/historicalTrades", weight=25, takes="symbol limit fromId")
def historical_trades(call: Call) -> Any:
    """Trades from an id on, or the newest."""
    listing, limit = listing_of(call), call.params.limit(500, 1000)
    first = call.params.maybe_integer("fromId", low=0)
    tape = call.exchange.tape
    found = (
        tape.trades(listing.symbol, limit)
        if first is None
        else tape.trades_from(listing.symbol, first, limit)
    )
    return [_trade(t) for t in found]


def _trade(trade: MarketTrade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "price": eight(trade.price),
        "qty": eight(trade.quantity),
        "quoteQty": eight(trade.price * trade.quantity),
        "time": trade.time,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


@routes.on("GET", "/aggTrades", weight=4, takes="symbol fromId startTime endTime limit")
def aggregate_trades(call: Call) -> Any:
    """Aggregated trades; every trade of the tape is one of its own."""
    listing, (start, end) = listing_of(call), span(call)
    limit, first = call.params.limit(500, 1000), call.params.maybe_integer("fromId", low=0)
    if first is not None and (start is not None or end is not None):
        raise not_together()
    return [aggregate(t) for t in _window(call.exchange.tape, listing.symbol, limit, first, start, end)]


def _window(
    tape: Tape, symbol: str, limit: int, first: int | None, start: int | None, end: int | None
) -> list[MarketTrade]:
    if first is not None:
        return tape.trades_from(symbol, first, limit)
    if start is not None:
        found = tape.trades_since(symbol, start, limit)
        return [t for t in found if end is None or t.time <= end]
    after = [] if end is None else tape.trades_since(symbol, end + 1, 1)
    return tape.trades(symbol, limit, after[0].id if after else None)


def aggregate(trade: MarketTrade) -> dict[str, Any]:
    """An aggregated trade, in the one-letter names of REST and stream."""
    return {
        "a": trade.id,
        "p": eight(trade.price),
        "q": eight(trade.quantity),
        "f": trade.id,
        "l": trade.id,
        "T": trade.time,
        "m": trade.buyer_is_maker,
        "M": True,
    }


@routes.on("GET", "/avgPrice", weight=2, takes="symbol")
def average_price(call: Call) -> Any:
    """The price of the last five whole minutes, weighted with volume: orders are judged by it."""
    found = call.exchange.prices.average(listing_of(call).symbol)
    return {"mins": found.minutes, "price": eight(found.price), "closeTime": found.time}
