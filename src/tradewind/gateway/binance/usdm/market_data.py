"""Public market data of Binance USD-M, at market time: books, trades, tickers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Listing
from tradewind.exchange.candles import MarketTrade, Ticker
from tradewind.exchange.depth import Level
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.markets import asked, listing_of, maybe_listing, span
from tradewind.gateway.binance.usdm.numbers import money, price, quantity

DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
HOUR_MS = 3_600_000

routes = Routes("/fapi/v1")
second = Routes("/fapi/v2")


def depth_weight(params: Params) -> int:
    limit = params.values().get("limit", "500")
    size = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 500
    return 2 if size <= 50 else 5 if size <= 100 else 10 if size <= 500 else 20


def one_or_all(one: int, every: int) -> Any:
    """A weight that depends on whether a symbol is named."""
    return lambda params: one if params.has("symbol") else every


@routes.on("GET", "/depth", weight=depth_weight)
@routes.on("GET", "/rpiDepth", weight=20)
def depth(call: Call) -> Any:
    """The book, best first."""
    listing = listing_of(call)
    limit = call.params.maybe_integer("limit")
    limit = 500 if limit is None else limit
    if limit not in DEPTHS:
        raise Failure(-4021, f"'{limit}' is not valid depth limit.")
    last_id, bids, asks = call.exchange.tape.book(listing.symbol, limit)
    now = call.exchange.now_ms
    return {
        "lastUpdateId": last_id,
        "E": now,
        "T": now,
        "bids": levels(listing, bids),
        "asks": levels(listing, asks),
    }


def levels(listing: Listing, found: list[Level] | tuple[Level, ...]) -> list[list[str]]:
    return [[price(listing, at), quantity(listing, size)] for at, size in found]


@routes.on("GET", "/trades", weight=5)
def trades(call: Call) -> Any:
    """The newest trades."""
    listing = listing_of(call)
    found = call.exchange.tape.trades(listing.symbol, call.params.limit(500, 1000))
    return [_trade(listing, trade) for trade in found]


@routes.on("GET", "/historicalTrades", weight=200, security=Security.KEY)
def historical_trades(call: Call) -> Any:
    """Older trades, from an id on."""
    listing, params = listing_of(call), call.params
    first, limit = params.maybe_integer("fromId"), params.limit(100, 500)
    tape = call.exchange.tape
    if first is None:
        return [_trade(listing, trade) for trade in tape.trades(listing.symbol, limit)]
    return [_trade(listing, t) for t in tape.trades_from(listing.symbol, max(0, first), limit)]


def _trade(listing: Listing, trade: MarketTrade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "price": price(listing, trade.price),
        "qty": quantity(listing, trade.quantity),
        "quoteQty": f"{trade.price * trade.quantity:.2f}",
        "time": trade.time,
        "isBuyerMaker": trade.buyer_is_maker,
        "isRPITrade": False,
    }


@routes.on("GET", "/aggTrades", weight=20)
def aggregate_trades(call: Call) -> Any:
    """Trades as the tape has them: each is its own aggregate."""
    listing, params, tape = listing_of(call), call.params, call.exchange.tape
    first, limit = params.maybe_integer("fromId"), params.limit(500, 1000)
    start, end = span(params, HOUR_MS * 24 * 365)
    if first is not None:
        if start is not None or end is not None:
            raise Failure(-1128, "Combination of optional parameters invalid.")
        found = tape.trades_from(listing.symbol, max(0, first), limit)
    elif start is not None:
        found = tape.trades_since(listing.symbol, start, limit, end)
    elif end is not None:
        found = tape.trades_since(listing.symbol, end - HOUR_MS, 1_000_000, end)[-limit:]
    else:
        found = tape.trades(listing.symbol, limit)
    return [aggregate(listing, trade) for trade in found]


def aggregate(listing: Listing, trade: MarketTrade) -> dict[str, Any]:
    return {
        "a": trade.id,
        "p": price(listing, trade.price),
        "q": quantity(listing, trade.quantity),
        "nq": quantity(listing, trade.quantity),
        "f": trade.id,
        "l": trade.id,
        "T": trade.time,
        "m": trade.buyer_is_maker,
    }


def _each(call: Call, row: Any) -> Any:
    """One row for the market that is named, else a list for all."""
    one = maybe_listing(call)
    if one is not None:
        return row(call, one)
    return [row(call, listing) for listing in asked(call)]


@routes.on("GET", "/ticker/24hr", weight=one_or_all(1, 40))
def day_ticker(call: Call) -> Any:
    """The last 24 hours."""
    return _each(call, _day_row)


def _day_row(call: Call, listing: Listing) -> dict[str, Any]:
    found = call.exchange.tape.ticker(listing.symbol)
    percent, average = change_percent(found), found.weighted_average
    return {
        "symbol": listing.id,
        "priceChange": price(listing, found.change),
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": price(listing, average),
        "lastPrice": price(listing, found.last),
        "lastQty": quantity(listing, found.last_quantity),
        "openPrice": price(listing, found.open),
        "highPrice": price(listing, found.high),
        "lowPrice": price(listing, found.low),
        "volume": quantity(listing, found.volume),
        "quoteVolume": f"{found.quote_volume:.2f}",
        "openTime": found.open_time,
        "closeTime": found.close_time,
        "firstId": found.first_trade_id,
        "lastId": found.last_trade_id,
        "count": found.trades,
    }


def change_percent(found: Ticker) -> Decimal:
    return found.change / found.open * 100 if found.open else Decimal(0)


@routes.on("GET", "/ticker/price", weight=one_or_all(1, 2))
@second.on("GET", "/ticker/price", weight=one_or_all(1, 2))
def last_price(call: Call) -> Any:
    """The last price."""
    return _each(call, _price_row)


def _price_row(call: Call, listing: Listing) -> dict[str, Any]:
    last = call.exchange.tape.last(listing.symbol)
    return {"symbol": listing.id, "price": price(listing, last), "time": call.exchange.now_ms}


@routes.on("GET", "/ticker/bookTicker", weight=one_or_all(2, 5))
def book_ticker(call: Call) -> Any:
    """Best bid and ask."""
    return _each(call, _book_row)


def _book_row(call: Call, listing: Listing) -> dict[str, Any]:
    bid, ask = call.exchange.tape.best(listing.symbol)
    zero = (Decimal(0), Decimal(0))
    (bid_price, bid_size), (ask_price, ask_size) = bid or zero, ask or zero
    return {
        "symbol": listing.id,
        "bidPrice": price(listing, bid_price),
        "bidQty": quantity(listing, bid_size),
        "askPrice": price(listing, ask_price),
        "askQty": quantity(listing, ask_size),
        "time": call.exchange.now_ms,
        "lastUpdateId": call.exchange.tape.book_id(listing.symbol),
    }


@routes.on("GET", "/openInterest")
def open_interest(call: Call) -> Any:
    """What the accounts of this exchange hold long; the crowd holds no positions."""
    listing = listing_of(call)
    accounts = call.exchange.treasury.accounts.values()
    held = (p.quantity for account in accounts for p in account.held(listing.symbol))
    total = sum((size for size in held if size > 0), Decimal(0))
    return {
        "symbol": listing.id,
        "openInterest": quantity(listing, total),
        "time": call.exchange.now_ms,
    }


@routes.on("GET", "/symbolAdlRisk")
def adl_risk(call: Call) -> Any:
    """Always low: positions are deleveraged only on command."""
    return _each(call, _adl_row)


def _adl_row(call: Call, listing: Listing) -> dict[str, Any]:
    return {"symbol": listing.id, "adlRisk": "low", "updateTime": call.exchange.now_ms}


@routes.on("GET", "/premiumIndex", weight=one_or_all(1, 10))
def premium_index(call: Call) -> Any:
    """Mark, index and the coming funding."""
    return _each(call, _premium_row)


def _premium_row(call: Call, listing: Listing) -> dict[str, Any]:
    found = call.exchange.tape.premium(listing.symbol)
    return {
        "symbol": listing.id,
        "markPrice": money(found.mark),
        "indexPrice": money(found.index),
        "estimatedSettlePrice": money(found.index),
        "lastFundingRate": money(found.funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": found.next_funding_time,
        "time": found.time,
    }


@routes.on("GET", "/fundingRate")
def funding_rate(call: Call) -> Any:
    """Funding that was charged, oldest first."""
    start, end = span(call.params, HOUR_MS * 24 * 3650)
    limit = call.params.limit(100, 1000)
    rows = [
        {
            "symbol": listing.id,
            "fundingTime": row.time,
            "fundingRate": money(row.rate),
            "markPrice": money(row.mark),
        }
        for listing in asked(call)
        for row in call.exchange.tape.funding_history(listing.symbol, start, end, limit)
    ]
    rows.sort(key=lambda row: int(str(row["fundingTime"])))
    return rows[:limit] if start is not None else rows[-limit:]


@routes.on("GET", "/fundingInfo", weight=0)
def funding_info(call: Call) -> Any:
    """How often funding is charged."""
    return [
        {
            "symbol": listing.id,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": listing.funding_interval_ms // HOUR_MS,
            "disclaimer": False,
            "updateTime": call.exchange.now_ms,
        }
        for listing in asked(call)
    ]
