"""What requests of Binance Spot have in common: the market they name, their window of time, numbers as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from tradewind.exchange import Exchange, Listing, Refused, Status
from tradewind.gateway.binance.failure import Failure, illegal, malformed, not_together, one_of
from tradewind.gateway.binance.routes import Call
from tradewind.market import Kind

SYMBOL = "^[A-Z0-9-_.]{1,20}$"
_SYMBOL = re.compile(SYMBOL)
DAY_MS = 86_400_000
_LATEST_MS = 4_102_444_800_000  # the year 2100
STATUSES = {
    Status.TRADING: "TRADING",
    Status.HALTED: "HALT",
    Status.CANCEL_ONLY: "CANCEL_ONLY",
    Status.DELISTED: "BREAK",
}


def eight(value: Decimal) -> str:
    """As Binance Spot prints every amount: eight places."""
    return f"{value:.8f}"


def find(exchange: Exchange, name: str, parameter: str = "symbol") -> Listing:
    """The spot market of that id; `Failure` -1100 when it is none that could be."""
    try:
        return exchange.listings.find(Kind.SPOT, name)
    except Refused:
        if not _SYMBOL.match(name):
            raise illegal(parameter, SYMBOL) from None
        raise


def listing_of(call: Call) -> Listing:
    """The market that the request names."""
    return find(call.exchange, call.params.text("symbol"))


def maybe_listing(call: Call) -> Listing | None:
    name = call.params.maybe("symbol")
    return None if name is None else find(call.exchange, name)


def all_listings(exchange: Exchange) -> list[Listing]:
    return [listing for listing in exchange.listings if listing.is_spot]


def named_listings(call: Call) -> list[Listing] | None:
    """Those of `symbols`; None when it was not sent."""
    names = call.params.maybe_list("symbols")
    if names is None:
        return None
    if not names:
        raise malformed("symbols")
    if len(set(names)) < len(names):
        raise Failure(-1151, "Symbol is present multiple times in the list.")
    return [find(call.exchange, name, "symbols") for name in names]


def one_or_many(call: Call, *, needed: bool = False) -> tuple[list[Listing], bool]:
    """The markets of `symbol` or `symbols`, else all; and whether it is just one, which is answered bare.

    With `needed` one of the two must be there.
    """
    one, many = maybe_listing(call), named_listings(call)
    if one is not None and many is not None:
        raise not_together()
    if needed and one is None and many is None:
        raise one_of("symbol", "symbols")
    status = call.params.maybe("symbolStatus")
    if status is not None and status not in ("TRADING", "HALT", "BREAK"):
        raise Failure(-1122, "Invalid symbolStatus.")
    if status is not None and any(STATUSES[found.status] != status for found in _asked(one, many)):
        raise Failure(-1220, "The symbol's status does not match the requested symbolStatus.")
    if one is not None:
        return [one], True
    if many is not None:
        return many, False
    found = all_listings(call.exchange)
    return [listing for listing in found if status in (None, STATUSES[listing.status])], False


def _asked(one: Listing | None, many: list[Listing] | None) -> Iterable[Listing]:
    return [one] if one is not None else many or []


def span(call: Call) -> tuple[int | None, int | None]:
    """`startTime` and `endTime`, market ms, bounded so that they can be reckoned with."""
    return _time(call, "startTime"), _time(call, "endTime")


def _time(call: Call, name: str) -> int | None:
    value = call.params.maybe_integer(name)
    return None if value is None else max(0, min(value, _LATEST_MS))


def day_span(call: Call) -> tuple[int | None, int | None]:
    """As `span`, of at most 24 hours."""
    start, end = span(call)
    if start is not None and end is not None and end - start > DAY_MS:
        raise Failure(-1127, "Lookup interval is too big. More than 24 hours between startTime and endTime.")
    return start, end
