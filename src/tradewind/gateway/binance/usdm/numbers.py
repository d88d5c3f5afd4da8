"""Numbers as Binance Futures prints them: prices and quantities to the market's places, money to eight."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from tradewind.exchange import Listing


@lru_cache(maxsize=1024)
def places(step: Decimal) -> int:
    """Digits after the point of a grid's step."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def price(listing: Listing, value: Decimal) -> str:
    return f"{value:.{places(listing.filters.tick)}f}"


def quantity(listing: Listing, value: Decimal) -> str:
    return f"{value:.{places(listing.filters.step)}f}"


def money(value: Decimal) -> str:
    return f"{value:.8f}"


def trimmed(value: Decimal) -> str:
    """Without zeros at the end, as user streams have it; at most eight places."""
    text = f"{value:.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
