"""Prices and statistics of Binance Spot markets, one, some or all."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tradewind.exchange import Listing
from tradewind.exchange.candles import Ticker
from tradewind.exchange.tape import Tape
from tradewind.gateway.binance.failure import Failure, invalid
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.spot.markets import DAY_MS, eight, one_or_many

_ZERO = Decimal(0)
_MINUTE_MS = 60_000
_WINDOW = re.compile(r"([1-9]|[1-5][0-9])m|([1-9]|1[0-9]|2[0-3])h|([1-7])d")
_MANY = 50  # markets in one request, from which on the weight grows no more

routes = Routes("/api/v3")
Shown = Callable[[str, Ticker], dict[str, Any]]


def _asked(params: Params) -> int | None:
    """How many markets a request names; None for all."""
    values = params.values()
    if "symbol" in values:
        return 1
    return values["symbols"].count(",") + 1 if "symbols" in values else None


def _day_weight(params: Params) -> int:
    count = _asked(params)
    return 80 if count is None or count > 100 else 40 if count > 20 else 2


def _window_weight(params: Params) -> int:
    return 4 * min(_asked(params) or 1, _MANY)


def _price_weight(params: Params) -> int:
    return 2 if _asked(params) == 1 and not params.has("symbols") else 4


def _answer(call: Call, shown: Callable[[Listing], dict[str, Any]], *, needed: bool = False) -> Any:
    listings, single = one_or_many(call, needed=needed)
    return shown(listings[0]) if single else [shown(listing) for listing in listings]


def _style(call: Call, full: Shown) -> Shown:
    kind = call.params.maybe("type")
    if kind not in (None, "FULL", "MINI"):
        raise Failure(-1139, "Invalid ticker type.")
    return mini if kind == "MINI" else full


@routes.on("GET", "/ticker/24hr", weight=_day_weight, takes="symbol symbols type symbolStatus")
def day_ticker(call: Call) -> Any:
    """The last 24 hours."""
    tape, style = call.exchange.tape, _style(call, day)
    return _answer(call, lambda listing: style(listing.id, tape.ticker(listing.symbol)))


@routes.on(
    "GET", "/ticker/tradingDay", weight=_window_weight, takes="symbol symbols timeZone type symbolStatus"
)
def trading_day(call: Call) -> Any:
    """Since midnight, UTC or of the time zone asked for."""
    tape, style = call.exchange.tape, _style(call, window)
    offset = _offset_ms(call.params)
    now = call.exchange.now_ms
    midnight = now - (now + offset) % DAY_MS

    def shown(listing: Listing) -> dict[str, Any]:
        return style(listing.id, tape.ticker(listing.symbol, midnight)) | {
            "openTime": midnight,
            "closeTime": midnight + DAY_MS - 1,
        }

    return _answer(call, shown, needed=True)


def _offset_ms(params: Params) -> int:
    text = params.maybe("timeZone")
    if text is None:
        return 0
    match = re.fullmatch(r"([+-]?)([0-9]{1,2})(?::([0-5][0-9]))?", text)
    if match is None:
        raise invalid("timeZone")
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    minutes = -minutes if match[1] == "-" else minutes
    if not -12 * 60 <= minutes <= 14 * 60:
        raise invalid("timeZone")
    return minutes * _MINUTE_MS


@routes.on("GET", "/ticker", weight=_window_weight, takes="symbol symbols windowSize type symbolStatus")
def rolling(call: Call) -> Any:
    """The last window of 1m to 59m, 1h to 23h or 1d to 7d."""
    tape, style = call.exchange.tape, _style(call, window)
    size = call.params.maybe("windowSize") or "1d"
    if not _WINDOW.fullmatch(size):
        raise Failure(-1130, "Invalid data sent for a parameter.")
    return _answer(call, lambda listing: style(listing.id, rolled(tape, listing.symbol, size)), needed=True)


def rolled(tape: Tape, symbol: str, size: str) -> Ticker:
    """A market since the minute in which the window began."""
    now = tape.now_ms
    opened = now - int(size[:-1]) * {"m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": DAY_MS}[size[-1]]
    return tape.ticker(symbol, opened - opened % _MINUTE_MS)


@routes.on("GET", "/ticker/price", weight=_price_weight, takes="symbol symbols symbolStatus")
def price(call: Call) -> Any:
    """Last prices."""
    tape = call.exchange.tape
    return _answer(call, lambda listing: {"symbol": listing.id, "price": eight(tape.last(listing.symbol))})


@routes.on("GET", "/ticker/bookTicker", weight=_price_weight, takes="symbol symbols symbolStatus")
def book_ticker(call: Call) -> Any:
    """Best bids and asks."""
    tape = call.exchange.tape

    def shown(listing: Listing) -> dict[str, Any]:
        bid, ask = tape.best(listing.symbol)
        return {
            "symbol": listing.id,
            "bidPrice": eight(bid[0] if bid else _ZERO),
            "bidQty": eight(bid[1] if bid else _ZERO),
            "askPrice": eight(ask[0] if ask else _ZERO),
            "askQty": eight(ask[1] if ask else _ZERO),
        }

    return _answer(call, shown)


def change_percent(ticker: Ticker) -> str:
    """Of the open, with three places."""
    return f"{100 * ticker.change / ticker.open if ticker.open else _ZERO:.3f}"


def day(symbol: str, ticker: Ticker) -> dict[str, Any]:
    """A ticker with everything."""
    return {
        "symbol": symbol,
        "priceChange": eight(ticker.change),
        "priceChangePercent": change_percent(ticker),
        "weightedAvgPrice": eight(ticker.weighted_average),
        "prevClosePrice": eight(ticker.previous_close),
        "lastPrice": eight(ticker.last),
        "lastQty": eight(ticker.last_quantity),
        "bidPrice": eight(ticker.bid),
        "bidQty": eight(ticker.bid_quantity),
        "askPrice": eight(ticker.ask),
        "askQty": eight(ticker.ask_quantity),
        **_range(ticker),
    }


def window(symbol: str, ticker: Ticker) -> dict[str, Any]:
    """A ticker without the book."""
    return {
        "symbol": symbol,
        "priceChange": eight(ticker.change),
        "priceChangePercent": change_percent(ticker),
        "weightedAvgPrice": eight(ticker.weighted_average),
        **_range(ticker, last=True),
    }


def mini(symbol: str, ticker: Ticker) -> dict[str, Any]:
    """A ticker without changes and averages."""
    return {"symbol": symbol, **_range(ticker, last=True)}


def _range(ticker: Ticker, last: bool = False) -> dict[str, Any]:
    return {
        "openPrice": eight(ticker.open),
        "highPrice": eight(ticker.high),
        "lowPrice": eight(ticker.low),
        **({"lastPrice": eight(ticker.last)} if last else {}),
        "volume": eight(ticker.volume),
        "quoteVolume": eight(ticker.quote_volume),
        "openTime": ticker.open_time,
        "closeTime": ticker.close_time,
        "firstId": ticker.first_trade_id,
        "lastId": ticker.last_trade_id,
        "count": ticker.trades,
    }
