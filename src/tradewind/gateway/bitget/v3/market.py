"""What the public may ask: instruments, tickers, books, candles, trades, funding."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Listing, Status, Tier
from tradewind.exchange.candles import MarketTrade
from tradewind.gateway.bitget.failure import Failure, wrong
from tradewind.gateway.bitget.formats import places, price_text, rounded, text
from tradewind.gateway.bitget.market import HOUR_MS, candles, fund_rate_row, hours, interval, open_interest
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.v2.history import candle_row
from tradewind.gateway.bitget.v3.category import asked_kind, category, contract, listing, listings
from tradewind.market import Kind

routes = Routes("/api/v3/market")
DAY_MS = 24 * HOUR_MS
MOST_RECENT, MOST_HISTORY = 1000, 100
_STATUS = {
    Status.TRADING: "online",
    Status.HALTED: "offline",
    Status.CANCEL_ONLY: "limit_open",
    Status.DELISTED: "offline",
}
_PRICES = {name: name for name in ("market", "mark", "index", "premium")}


@routes.get("/instruments")
def instruments(call: Call) -> object:
    """Markets of a category with their steps, minimums and leverage."""
    return [_instrument(m) for m in listings(call)]


def _instrument(m: Listing) -> dict[str, str]:
    f = m.filters
    row = {
        "symbol": m.id,
        "category": category(m),
        "baseCoin": m.base,
        "quoteCoin": m.quote,
        "buyLimitPriceRatio": text(max(Decimal(0), f.bid_multiplier_up - 1)),
        "sellLimitPriceRatio": text(max(Decimal(0), 1 - f.ask_multiplier_down)),
        "makerFeeRate": text(m.maker_fee),
        "takerFeeRate": text(m.taker_fee),
        "minOrderQty": text(f.min_quantity),
        "maxOrderQty": text(f.max_quantity),
        "pricePrecision": str(places(f.tick)),
        "quantityPrecision": str(places(f.step)),
        "quotePrecision": str(min(8, places(f.tick) + places(f.step))),
        "minOrderAmount": text(f.min_notional),
        "maxSymbolOrderNum": str(f.max_orders),
        "maxProductOrderNum": str(2 * f.max_orders),
        "maxPositionNum": "150",
        "status": _STATUS[m.status],
        "maintainTime": "",
        "symbolType": "crypto",
        "launchTime": str(m.listed_ms),
    }
    if m.is_spot:
        return row
    return row | {
        "isRwa": "NO",
        "isReality": "no",
        "feeRateUpRatio": "0.005",
        "openCostUpRatio": "0.01",
        "priceMultiplier": text(f.tick),
        "quantityMultiplier": text(f.step),
        "type": "perpetual",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "fundInterval": hours(m),
        "minLeverage": "1",
        "maxLeverage": str(m.max_leverage),
        "maxMarketOrderQty": text(f.market_max_quantity),
    }


def ticker_row(exchange: Exchange, m: Listing) -> dict[str, Any]:
    """The rolling day of a market. Of a contract also mark, index and funding."""
    t = exchange.tape.ticker(m.symbol)
    row: dict[str, Any] = {
        "lastPrice": price_text(t.last, m),
        "openPrice24h": price_text(t.open, m),
        "highPrice24h": price_text(t.high, m),
        "lowPrice24h": price_text(t.low, m),
        "ask1Price": price_text(t.ask, m),
        "bid1Price": price_text(t.bid, m),
        "bid1Size": text(t.bid_quantity),
        "ask1Size": text(t.ask_quantity),
        "price24hPcnt": rounded((t.last - t.open) / t.open, 5),
        "volume24h": text(t.volume),
        "turnover24h": rounded(t.quote_volume),
    }
    if m.is_spot:
        return row
    premium = exchange.tape.premium(m.symbol)
    return row | {
        "indexPrice": text(premium.index),
        "markPrice": text(premium.mark),
        "fundingRate": text(premium.funding_rate),
        "openInterest": text(open_interest(exchange, m)),
        "deliveryStartTime": "",
        "deliveryTime": "",
        "deliveryStatus": "",
    }


@routes.get("/tickers")
def tickers(call: Call) -> object:
    """One market or all of a category."""
    exchange = call.exchange
    return [
        {"category": category(m), "symbol": m.id, "ts": str(exchange.now_ms), **ticker_row(exchange, m)}
        for m in listings(call)
    ]


@routes.get("/orderbook")
def orderbook(call: Call) -> object:
    """At most 200 levels of a side, 5 unless `limit` says more; prices and sizes are numbers."""
    m, limit = listing(call), call.params.limit(5, 200)
    _, bids, asks = call.exchange.tape.book(m.symbol, limit)
    return {
        "a": [[float(p), float(q)] for p, q in asks],
        "b": [[float(p), float(q)] for p, q in bids],
        "ts": str(call.exchange.now_ms),
    }


@routes.get("/candles")
def recent_candles(call: Call) -> object:
    """The newest candles that open before `endTime`, the forming one included, oldest first.

    `type` mark, index or premium gives prices only: volumes are 0.
    """
    return _candles(call, MOST_RECENT)


@routes.get("/history-candles")
def history_candles(call: Call) -> object:
    """At most 100 candles before `endTime`, in a span of 90 days."""
    start, end = call.params.times()
    if start is not None and end is not None and end - start > 90 * DAY_MS:
        raise Failure("40705", "The start and end time cannot exceed 90 days")
    return _candles(call, MOST_HISTORY)


def _candles(call: Call, most: int) -> list[list[str]]:
    if asked_kind(call.params) is None:
        return []
    m, prices = listing(call), call.params.maybe_choice("type", _PRICES) or "market"
    if m.is_spot and prices != "market":
        raise wrong("type")
    name = interval(call, "interval").text
    return [candle_row(c, m) for c in candles(call, m, name, call.params.limit(100, most), prices)]


@routes.get("/fills")
def fills(call: Call) -> object:
    """The newest public trades, newest first."""
    m = listing(call)
    found = call.exchange.tape.trades(m.symbol, call.params.limit(100, 100))
    return [_fill(t, m) for t in reversed(found)]


def _fill(t: MarketTrade, m: Listing) -> dict[str, str]:
    return {
        "execId": str(t.id),
        "execLinkId": str(t.id),
        "price": price_text(t.price, m),
        "size": text(t.quantity),
        "side": "sell" if t.buyer_is_maker else "buy",
        "ts": str(t.time),
        "isRPI": "no",
    }


@routes.get("/current-fund-rate")
def current_fund_rate(call: Call) -> object:
    """The rate of the coming funding, of one contract or all."""
    if call.params.has("category") and asked_kind(call.params) is not Kind.PERPETUAL:
        return []
    one = call.maybe_listing(Kind.PERPETUAL)
    found = [one] if one else [m for m in call.exchange.listings if not m.is_spot]
    dividend = {"cashDividend": "0", "cashDividendNextUpdate": "0"}
    return [fund_rate_row(call.exchange, m) | dividend for m in found]


@routes.get("/history-fund-rate")
def history_fund_rate(call: Call) -> object:
    """Rates that were charged, newest first; `cursor` is the page."""
    if asked_kind(call.params) is None:
        return {"resultList": []}
    m, size, page = contract(call), call.params.limit(20, 100), call.params.limit(1, 100, "cursor")
    found = call.exchange.tape.funding_history(m.symbol, limit=size * page)[::-1]
    return {
        "resultList": [
            {"symbol": m.id, "fundingRate": text(f.rate), "fundingRateTimestamp": str(f.time)}
            for f in found[size * (page - 1) :]
        ]
    }


@routes.get("/open-interest")
def open_interests(call: Call) -> object:
    """What accounts hold."""
    found = [m for m in listings(call) if not m.is_spot]
    rows = [{"symbol": m.id, "openInterest": text(open_interest(call.exchange, m))} for m in found]
    return {"list": rows, "ts": str(call.exchange.now_ms)}


@routes.get("/position-tier")
def position_tiers(call: Call) -> object:
    """Maintenance rate and greatest leverage by the worth of a position."""
    if asked_kind(call.params) is None:
        return []
    return [_tier(number, tier) for number, tier in enumerate(contract(call).tiers, 1)]


def _tier(number: int, tier: Tier) -> dict[str, str]:
    return {
        "tier": str(number),
        "minTierValue": text(tier.floor),
        "maxTierValue": text(tier.cap),
        "leverage": str(tier.leverage),
        "mmr": text(tier.rate),
    }
