"""What an order must be in itself, whatever else is the case: of a size and at a price that make sense."""

from __future__ import annotations

import math

from tradewind.market import Instrument, Order, OrderType
from tradewind.trading.terms.pricing import price_of
from tradewind.trading.terms.quotes import Quote


def reduces(order: Order, held: int) -> bool:
    """Does it bring a position of `held` lots towards zero, and not beyond?"""
    return held * order.lots < 0 and abs(order.lots) <= abs(held)


def size_objection(
    order: Order, instrument: Instrument, quote: Quote | None, most: float | None, *, shrinks: bool
) -> str:
    """Why an order of this size must not go, empty if it may. `most` it may be worth, in quote."""
    price = price_of(quote)
    if not order.lots:
        return f"the order in {order.symbol} rounds to nothing"
    notional = abs(float(instrument.quantity(order.lots))) * price
    exempt = shrinks and instrument.closes_below_minimum
    if notional < float(instrument.min_notional) and not exempt:
        rest = "the rest stays as dust" if shrinks else "the venue would refuse it"
        return f"{notional:g} {instrument.quote} is below the minimum of {instrument.min_notional}: {rest}"
    if most is not None and notional > most:
        return f"the order is worth {notional:.2f} {instrument.quote}, the most is {most:g}"
    return ""


def unstoppable(order: Order, held: int, largest: int | None) -> str:
    """Why an entry makes more of a position than one order could close, empty if it does not."""
    after = abs(held + order.lots)
    if largest is None or max(abs(order.lots), after) <= largest:
        return ""
    return (
        f"{after:,} lots of {order.symbol} would be held, the venue takes at most {largest:,} in one order: no stop "
        "could close them"
    )


def price_objection(order: Order, quote: Quote | None, band: float | None, *, shrinks: bool) -> str:
    """Why its price cannot be: a limit order's against book and mark; for an entry, these two against each other."""
    price = order.price
    if band is None:
        return ""
    known = [] if quote is None else [p for p in (quote.middle, quote.mark) if not math.isnan(p)]
    if price is not None and order.type is not OrderType.MARKET:
        known.insert(0, float(price))
    elif shrinks:
        return ""
    if any(not 0 < p < math.inf for p in known):
        return f"a price of {order.symbol} is {min(known)}: no price can be that"
    if known and max(known) > min(known) * (1.0 + band):
        shown = ", ".join(f"{p:g}" for p in known)
        return f"prices of {order.symbol} are {shown}: more than {band:.0%} apart"
    return ""
