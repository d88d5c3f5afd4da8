"""Prices out of quotes."""

from __future__ import annotations

import math
from decimal import Decimal

from tradewind.market import Instrument, Side
from tradewind.trading.terms.quotes import Quote


def price_of(quote: Quote | None) -> float:
    """What a position is worth by a quote: its mark, else the middle of the book, else the last trade; or NaN."""
    if quote is not None:
        for price in (quote.mark, quote.middle, quote.last):
            if 0 < price < math.inf:
                return price
    return math.nan


def own_side(quote: Quote | None, instrument: Instrument, side: Side) -> Decimal | None:
    """The best price at which an order waits on its own side of the book; None where it is not known."""
    price = math.nan if quote is None else quote.bid if side is Side.BUY else quote.ask
    return instrument.round_price(Decimal(repr(price))) if 0 < price < math.inf else None
