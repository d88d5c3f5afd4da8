"""Candles and funding rates of the public."""

from __future__ import annotations

from tradewind.exchange import Listing
from tradewind.exchange.candles import Candle
from tradewind.gateway.bitget.failure import Failure, missing
from tradewind.gateway.bitget.formats import price_text, rounded, text
from tradewind.gateway.bitget.market import HOUR_MS, candles, fund_rate_row, hours, interval
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.v2.products import is_served, listings, perpetual
from tradewind.market import Kind

routes = Routes("/api/v2")
DAY_MS = 24 * HOUR_MS
MOST_RECENT, MOST_HISTORY = 1000, 200


def candle_row(candle: Candle, m: Listing) -> list[str]:
    """Open time, prices, base volume and quote volume."""
    return [
        str(candle.open_time),
        price_text(candle.open, m),
        price_text(candle.high, m),
        price_text(candle.low, m),
        price_text(candle.close, m),
        text(candle.volume),
        rounded(candle.quote_volume),
    ]


def spot_candle_row(candle: Candle, m: Listing) -> list[str]:
    """With the volume in USDT as the last of eight columns."""
    row = candle_row(candle, m)
    return [*row, row[-1]]


def _candles(call: Call, m: Listing, most: int, prices: str = "market") -> list[Candle]:
    return candles(call, m, interval(call, "granularity").text, call.params.limit(100, most), prices)


@routes.get("/spot/market/candles")
def spot_candles(call: Call) -> object:
    """The newest candles that open before `endTime`, the forming one included, oldest first."""
    m = call.listing(Kind.SPOT)
    return [spot_candle_row(c, m) for c in _candles(call, m, MOST_RECENT)]


@routes.get("/spot/market/history-candles")
def spot_history_candles(call: Call) -> object:
    """At most 200 candles before `endTime`, which must be given."""
    m = call.listing(Kind.SPOT)
    if not call.params.has("endTime"):
        raise missing("endTime")
    return [spot_candle_row(c, m) for c in _candles(call, m, MOST_HISTORY)]


@routes.get("/mix/market/candles")
def mix_candles(call: Call) -> object:
    """As on spot. `kLineType` mark or index gives prices only: volumes are 0."""
    if not is_served(call):
        return []
    m = perpetual(call)
    prices = (call.params.maybe("kLineType") or "market").lower()
    if prices not in ("market", "mark", "index"):
        raise Failure("400171", "Parameter verification failed kLineType")
    return _rows(call, m, MOST_RECENT, prices)


@routes.get("/mix/market/history-candles")
def mix_history_candles(call: Call) -> object:
    """At most 200 candles before `endTime`, in a span of 90 days."""
    return _mix_history(call, "market")


@routes.get("/mix/market/history-mark-candles")
def mix_history_mark_candles(call: Call) -> object:
    """Candles of the mark price."""
    return _mix_history(call, "mark")


@routes.get("/mix/market/history-index-candles")
def mix_history_index_candles(call: Call) -> object:
    """Candles of the index: the spot price where the spot market is listed."""
    return _mix_history(call, "index")


def _mix_history(call: Call, prices: str) -> object:
    if not is_served(call):
        return []
    m, (start, end) = perpetual(call), call.params.times()
    if start is not None and end is not None and end - start > 90 * DAY_MS:
        raise Failure("40705", "The start and end time cannot exceed 90 days")
    return _rows(call, m, MOST_HISTORY, prices)


def _rows(call: Call, m: Listing, most: int, prices: str) -> object:
    return [candle_row(c, m) for c in _candles(call, m, most, prices)]


@routes.get("/mix/market/current-fund-rate")
def current_fund_rate(call: Call) -> object:
    """The rate of the coming funding, of one contract or all."""
    return [fund_rate_row(call.exchange, m) for m in listings(call, Kind.PERPETUAL)]


@routes.get("/mix/market/funding-time")
def funding_time(call: Call) -> object:
    """When funding is charged next."""
    m = perpetual(call)
    due = call.exchange.tape.premium(m.symbol).next_funding_time
    return [{"symbol": m.id, "nextFundingTime": str(due), "ratePeriod": hours(m)}]


@routes.get("/mix/market/history-fund-rate")
def history_fund_rate(call: Call) -> object:
    """Rates that were charged, newest first, by pages."""
    if not is_served(call):
        return []
    m, params = perpetual(call), call.params
    size, page = params.limit(20, 100, "pageSize"), params.limit(1, 10_000, "pageNo")
    found = call.exchange.tape.funding_history(m.symbol, limit=size * page)[::-1]
    return [
        {"symbol": m.id, "fundingRate": text(f.rate), "fundingTime": str(f.time)}
        for f in found[size * (page - 1) :]
    ]
