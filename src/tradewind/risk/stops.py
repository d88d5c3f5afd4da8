"""Where a position is stopped, and where the venue would liquidate it."""

from __future__ import annotations

from typing import Any

from tradewind.compiled import compiled


@compiled
def stop_loss_level(position: Any, rules: Any) -> float:
    """The price of the stop loss, seen from the entry."""
    sign = 1.0 if position.lots > 0 else -1.0
    return position.entry * (1.0 - sign * rules.stop_loss)


@compiled
def stop_level(position: Any, rules: Any, peak: float) -> float:
    """The protective price: the nearer of stop loss and trailing stop at that peak; 0 when there is none."""
    sign = 1.0 if position.lots > 0 else -1.0
    level = 0.0
    if rules.stop_loss > 0.0:
        level = stop_loss_level(position, rules)
    if rules.trailing_stop > 0.0:
        trailing = peak * (1.0 - sign * rules.trailing_stop)
        if level == 0.0 or sign * (trailing - level) > 0.0:
            level = trailing
    return level


@compiled
def isolated_margin(position: Any, instrument: Any, rules: Any) -> float:
    """Quote currency set aside for the position; it changes in proportion with it."""
    return abs(position.lots) * instrument.lot * position.entry / rules.leverage


@compiled
def liquidation_price(position: Any, instrument: Any, rules: Any) -> float:
    """The mark at which margin plus profit equals maintenance, by the tier that holds there; 0 if none.

    The tiers are continuous, so the first tier whose own solution lies below its ceiling is the one.
    """
    if instrument.perpetual == 0 or position.lots == 0:
        return 0.0
    quantity = abs(position.lots) * instrument.lot
    sign = 1.0 if position.lots > 0 else -1.0
    margin = isolated_margin(position, instrument, rules)
    price = 0.0
    for k in range(instrument.tiers):
        backing = sign * position.entry * quantity - margin - instrument.tier_amount[k]
        price = backing / (quantity * (sign - instrument.tier_rate[k]))
        last = k + 1 == instrument.tiers
        if last or quantity * price < instrument.tier_floor[k + 1]:
            break
    return max(price, 0.0)
