"""Tickers, books and trades of the public, spot and contracts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Listing
from tradewind.exchange.candles import MarketTrade
from tradewind.exchange.depth import Level
from tradewind.gateway.bitget.formats import price_text, rounded, text
from tradewind.gateway.bitget.market import open_interest
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.v2.products import is_served, listings, perpetual
from tradewind.market import Kind

routes = Routes("/api/v2")


def ticker_row(exchange: Exchange, m: Listing) -> dict[str, Any]:
    """The rolling day of a market. Of a contract also mark, index and funding."""
    tape, now = exchange.tape, exchange.now_ms
    t = tape.ticker(m.symbol)
    day = tape.candles(m.symbol, "1d", limit=1)
    opened = day[-1].open if day else t.open
    row = {
        "symbol": m.id,
        "lastPr": price_text(t.last, m),
        "askPr": price_text(t.ask, m),
        "bidPr": price_text(t.bid, m),
        "bidSz": text(t.bid_quantity),
        "askSz": text(t.ask_quantity),
        "high24h": price_text(t.high, m),
        "low24h": price_text(t.low, m),
        "ts": str(now),
        "change24h": rounded((t.last - t.open) / t.open, 5),
        "baseVolume": text(t.volume),
        "quoteVolume": rounded(t.quote_volume),
        "usdtVolume": rounded(t.quote_volume),
        "openUtc": price_text(opened, m),
        "changeUtc24h": rounded((t.last - opened) / opened, 5),
    }
    if m.is_spot:
        return row | {"open": price_text(t.open, m)}
    premium = tape.premium(m.symbol)
    return row | {
        "open24h": price_text(t.open, m),
        "indexPrice": text(premium.index),
        "markPrice": text(premium.mark),
        "fundingRate": text(premium.funding_rate),
        "holdingAmount": text(open_interest(exchange, m)),
        "deliveryStartTime": None,
        "deliveryTime": None,
        "deliveryStatus": "",
    }


@routes.get("/spot/market/tickers")
def spot_tickers(call: Call) -> object:
    """One market or all."""
    return [ticker_row(call.exchange, m) for m in listings(call, Kind.SPOT)]


@routes.get("/mix/market/tickers")
def mix_tickers(call: Call) -> object:
    """All contracts of a product type."""
    return [ticker_row(call.exchange, m) for m in listings(call, Kind.PERPETUAL)]


@routes.get("/mix/market/ticker")
def mix_ticker(call: Call) -> object:
    """One contract, in a list."""
    return [ticker_row(call.exchange, perpetual(call))]


_DEPTHS = {"1": 1, "5": 5, "15": 15, "50": 50, "100": 100, "max": 500}
_STEPS = {f"step{i}": i for i in range(6)}
_SCALES = {f"scale{i}": i for i in range(4)}


def _depth(call: Call, largest: int) -> int:
    value = call.params.maybe("limit")
    if value in _DEPTHS:
        return _DEPTHS[value]
    return call.params.limit(100, largest)


def book_row(call: Call, m: Listing, limit: int, digits: int | None = None) -> dict[str, Any]:
    """Levels best first; with `digits`, merged on a coarser grid by so many powers of ten."""
    _, bids, asks = call.exchange.tape.book(m.symbol, 1_000_000 if digits else limit)
    if digits:
        step = m.filters.tick.scaleb(digits)
        bids, asks = _merged(bids, step, False)[:limit], _merged(asks, step, True)[:limit]
    return {
        "asks": [[price_text(p, m), text(q)] for p, q in asks],
        "bids": [[price_text(p, m), text(q)] for p, q in bids],
        "ts": str(call.exchange.now_ms),
    }


def _merged(levels: list[Level], step: Decimal, up: bool) -> list[Level]:
    found: dict[Decimal, Decimal] = {}
    for price, quantity in levels:
        place = price // step * step
        if up and place != price:
            place += step
        found[place] = found.get(place, Decimal(0)) + quantity
    return list(found.items())


@routes.get("/spot/market/orderbook")
def spot_book(call: Call) -> object:
    """At most 150 levels of a side; `type` step1 to step5 merges them."""
    digits = call.params.maybe_choice("type", _STEPS)
    return book_row(call, call.listing(Kind.SPOT), _depth(call, 150), digits)


@routes.get("/spot/market/merge-depth")
def spot_merged_book(call: Call) -> object:
    """Levels merged by `precision` scale0 to scale3."""
    return _merge_depth(call, call.listing(Kind.SPOT))


@routes.get("/mix/market/merge-depth")
def mix_merged_book(call: Call) -> object:
    """Levels merged by `precision` scale0 to scale3."""
    return _merge_depth(call, perpetual(call))


def _merge_depth(call: Call, m: Listing) -> object:
    digits = call.params.maybe_choice("precision", _SCALES) or 0
    row = book_row(call, m, _depth(call, 100), digits)
    return row | {
        "precision": f"scale{digits}",
        "scale": text(m.filters.tick.scaleb(digits)),
        "isMaxPrecision": "NO" if digits < 3 else "YES",
    }


@routes.get("/spot/market/fills", 10)
def spot_fills(call: Call) -> object:
    """The newest public trades, newest first."""
    m = call.listing(Kind.SPOT)
    return _rows(call.exchange.tape.trades(m.symbol, call.params.limit(100, 500)), m)


@routes.get("/mix/market/fills", 10)
def mix_fills(call: Call) -> object:
    """The newest public trades, newest first."""
    m = perpetual(call)
    return _rows(call.exchange.tape.trades(m.symbol, call.params.limit(100, 100)), m)


@routes.get("/spot/market/fills-history", 10)
def spot_fills_history(call: Call) -> object:
    """Public trades, newest first, by time or before an id."""
    return _history(call, call.listing(Kind.SPOT))


@routes.get("/mix/market/fills-history", 10)
def mix_fills_history(call: Call) -> object:
    """Public trades, newest first, by time or before an id."""
    if not is_served(call):
        return []
    return _history(call, perpetual(call))


def _history(call: Call, m: Listing) -> object:
    tape, (start, end) = call.exchange.tape, call.params.times()
    limit = call.params.limit(500, 1000)
    before = call.params.maybe_integer("idLessThan")
    if start is not None and before is None:
        found = tape.trades_since(m.symbol, start, limit)
        found = [t for t in found if end is None or t.time <= end]
    else:
        if before is None and end is not None:
            after = tape.trades_since(m.symbol, end + 1, 1)
            before = after[0].id if after else None
        found = tape.trades(m.symbol, limit, before)
        found = [t for t in found if start is None or t.time >= start]
    return _rows(found, m)


def trade_row(t: MarketTrade, m: Listing) -> dict[str, str]:
    return {
        "symbol": m.id,
        "tradeId": str(t.id),
        "side": "sell" if t.buyer_is_maker else "buy",
        "price": price_text(t.price, m),
        "size": text(t.quantity),
        "ts": str(t.time),
    }


def _rows(trades: list[MarketTrade], m: Listing) -> object:
    return [trade_row(t, m) for t in reversed(trades)]


@routes.get("/mix/market/symbol-price")
def symbol_price(call: Call) -> object:
    """Last, index and mark price of a contract."""
    m = perpetual(call)
    premium = call.exchange.tape.premium(m.symbol)
    return [
        {
            "symbol": m.id,
            "price": price_text(call.exchange.tape.last(m.symbol), m),
            "indexPrice": text(premium.index),
            "markPrice": text(premium.mark),
            "ts": str(premium.time),
        }
    ]


@routes.get("/mix/market/open-interest")
def open_interests(call: Call) -> object:
    """What accounts hold."""
    m = perpetual(call)
    row = {"symbol": m.id, "size": text(open_interest(call.exchange, m))}
    return {"openInterestList": [row], "ts": str(call.exchange.now_ms)}
