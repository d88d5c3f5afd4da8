"""Which market a request means."""

from __future__ import annotations

from tradewind.exchange import Listing
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call
from tradewind.market import Kind

WEEK_MS = 7 * 86_400_000


def listing_of(call: Call, name: str = "symbol") -> Listing:
    """The perpetual that a parameter names; it must be there."""
    return call.exchange.listings.find(Kind.PERPETUAL, call.params.text(name))


def maybe_listing(call: Call) -> Listing | None:
    symbol = call.params.maybe("symbol")
    return None if symbol is None else call.exchange.listings.find(Kind.PERPETUAL, symbol)


def perpetuals(call: Call) -> list[Listing]:
    return [listing for listing in call.exchange.listings if not listing.is_spot]


def asked(call: Call) -> list[Listing]:
    """The market that is named, else all."""
    one = maybe_listing(call)
    return perpetuals(call) if one is None else [one]


def span(params: Params, longest_ms: int = WEEK_MS) -> tuple[int | None, int | None]:
    """startTime and endTime; `Failure` when they are further apart than allowed or the wrong way round."""
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    if start is not None and end is not None:
        if end < start:
            raise Failure(-4165, "Invalid time interval")
        if end - start > longest_ms:
            hours = longest_ms // 3_600_000
            raise Failure(-1127, f"More than {hours} hours between startTime and endTime.")
    return start, end
