"""What a trade costs beside its fee, and how much of it the market gives."""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled

LARGEST = 9007199254740992.0  # 2^53: beyond it float64 skips integers


@compiled
def slippage_rate(rules: Any, quantity: float, typical_volume: float) -> float:
    """Half the spread, plus slippage, plus impact by the square root of the participation.

    Participation counts as 1 at most, and where nothing trades: a price must never turn negative.
    """
    rate = rules.half_spread + rules.slippage
    if rules.impact > 0.0:
        participation = min(quantity / typical_volume, 1.0) if typical_volume > 0.0 else 1.0
        rate += rules.impact * math.sqrt(participation)
    return rate


@compiled
def execution_price(rules: Any, reference: float, lots: int, lot: float, typical_volume: float) -> float:
    """What `lots` (signed) pay at that reference price; always against the trader."""
    rate = slippage_rate(rules, abs(lots) * lot, typical_volume)
    return reference * (1.0 + math.copysign(rate, lots))


@compiled
def to_lots(x: float) -> int:
    """Truncate towards zero, forgiving the rounding error of the division before; clamped to 2^53."""
    nudged = x + math.copysign(max(1e-9, 4e-16 * abs(x)), x)
    return int(min(max(nudged, -LARGEST), LARGEST))


@compiled
def liquidity_lots(rules: Any, lot: float, typical_volume: float) -> int:
    """The most lots that one bar fills; no volume, no fill."""
    if rules.participation_cap <= 0.0:
        return int(LARGEST)
    return to_lots(rules.participation_cap * typical_volume / lot)


@compiled
def fee_of(instrument: Any, lots: int, price: float) -> float:
    """The taker fee: in quote, but in base for a buy of an instrument that pays from what it receives."""
    quantity = abs(lots) * instrument.lot
    if instrument.fee_in_base != 0 and lots > 0:
        return quantity * instrument.taker_fee
    return quantity * price * instrument.taker_fee


@compiled
def sellable(instrument: Any, lots: int, price: float) -> bool:
    """May this whole position be closed at that price? If not it is dust."""
    notional = abs(lots) * instrument.lot * price
    return instrument.closes_below_minimum != 0 or notional >= instrument.min_notional
