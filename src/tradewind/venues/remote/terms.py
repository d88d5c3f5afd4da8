"""What the terms of an order come to, whatever the venue."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from tradewind.market import Instrument
from tradewind.trading.terms.order_states import Intent


def price_of(intent: Intent) -> Decimal:
    if intent.price is None:
        raise ValueError(f"order {intent.client_id} is a {intent.type} order without a price")
    return intent.price


def trigger_of(intent: Intent) -> Decimal:
    if intent.trigger is None:
        raise ValueError(f"order {intent.client_id} is a stop without a trigger")
    return intent.trigger


def worse(price: Decimal, lots: int, cap: Decimal, instrument: Instrument) -> Decimal:
    """The worst price on the grid that an order may trade at, `cap` (a fraction) away from a price."""
    limit = price * (1 + cap) if lots > 0 else price * (1 - cap)
    steps = (limit / instrument.tick).to_integral_value(ROUND_DOWN if lots > 0 else ROUND_UP)
    return steps * instrument.tick
