"""Rules that are off, told to the compiler: it leaves out their code. No rule is written twice.

`fix` writes into private copies what `is_plain` has found there. Nothing changes but what the compiler knows.
"""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled


@compiled
def is_plain(rules: Any, instrument: Any) -> bool:
    """Spot with fees in quote, without leverage, impact, caps on orders, stops, and limits on losses?"""
    return (
        instrument.perpetual == 0
        and instrument.fee_in_base == 0
        and rules.leverage == 1.0
        and rules.impact == 0.0
        and rules.participation_cap == 0.0
        and rules.max_order_notional == math.inf
        and rules.stop_loss == 0.0
        and rules.trailing_stop == 0.0
        and rules.daily_loss == 0.0
        and rules.max_drawdown == 0.0
        and rules.streak_losses == 0
    )


@compiled
def fix(rules: Any, instrument: Any) -> None:
    """The values of `is_plain`, as constants."""
    instrument.perpetual = 0
    instrument.fee_in_base = 0
    rules.leverage = 1.0
    rules.impact = 0.0
    rules.participation_cap = 0.0
    rules.max_order_notional = math.inf
    rules.stop_loss = 0.0
    rules.trailing_stop = 0.0
    rules.daily_loss = 0.0
    rules.max_drawdown = 0.0
    rules.streak_losses = 0
