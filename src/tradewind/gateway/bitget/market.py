"""What the public may ask of a market, as both versions need it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Interval, Listing
from tradewind.exchange.candles import Candle
from tradewind.gateway.bitget.failure import Failure
from tradewind.gateway.bitget.formats import GRANULARITIES, text
from tradewind.gateway.bitget.routes import Call

HOUR_MS = 3_600_000


def open_interest(exchange: Exchange, m: Listing) -> Decimal:
    """What all accounts together hold long; the crowd holds nothing."""
    accounts = exchange.treasury.accounts.values()
    return sum((p.quantity for a in accounts for p in a.held(m.symbol) if p.quantity > 0), Decimal(0))


def interval(call: Call, name: str) -> Interval:
    """The one that a parameter names."""
    value = call.params.text(name)
    found = GRANULARITIES.get(value)
    if found is None:
        raise Failure("400171", f"Parameter verification failed {name}={value[:20]}")
    return found


def candles(call: Call, m: Listing, name: str, limit: int, prices: str = "market") -> list[Candle]:
    """Those of an interval that open in [startTime, endTime): the newest ones, oldest first.

    `prices`: market, mark, index or premium.
    """
    (start, end), tape = call.params.times(), call.exchange.tape
    ask = {
        "market": tape.candles,
        "mark": tape.prices.mark_candles,
        "index": tape.prices.index_candles,
        "premium": tape.prices.premium_candles,
    }[prices]
    found = ask(m.symbol, name, None, None if end is None else end - 1, limit)
    return [c for c in found if start is None or c.open_time >= start]


def fund_rate_row(exchange: Exchange, m: Listing) -> dict[str, Any]:
    """The rate of the coming funding."""
    premium = exchange.tape.premium(m.symbol)
    return {
        "symbol": m.id,
        "fundingRate": text(premium.funding_rate),
        "fundingRateInterval": hours(m),
        "nextUpdate": str(premium.next_funding_time),
        "minFundingRate": "-0.003",
        "maxFundingRate": "0.003",
    }


def hours(m: Listing) -> str:
    """Between two fundings."""
    return text(Decimal(m.funding_interval_ms) / HOUR_MS)
