"""After each mark: has a limit been crossed? Sets the flags that the next review obeys."""

from __future__ import annotations

from typing import Any

from tradewind.account.books import MS_PER_DAY
from tradewind.compiled import compiled


@compiled
def judge(account: Any, rules: Any, close_time: int) -> None:
    """Roll the UTC day, watch the daily loss, the drawdown and the losing streak, then re-arm if asked.

    The day is that of `close_time`; it starts at the mark of its first close.
    """
    day = close_time // MS_PER_DAY
    if day != account.day:
        account.day = day
        account.day_start_equity = account.equity
        account.blocked = 0
    elif rules.daily_loss > 0.0 and account.equity <= account.day_start_equity * (1.0 - rules.daily_loss):
        account.blocked = 1

    account.peak_equity = max(account.peak_equity, account.equity)
    if rules.max_drawdown > 0.0 and account.equity <= account.peak_equity * (1.0 - rules.max_drawdown):
        account.halted = 1

    outcome = account.closed_profit  # one a bar: the sum of what was closed in it, 0 if nothing was
    account.losses = 0 if outcome > 0.0 else account.losses + (outcome < 0.0)
    if rules.streak_losses > 0 and account.losses >= rules.streak_losses:
        account.losses = 0
        account.streak_left = rules.streak_bars
    account.closed_profit = 0.0
    account.closed_trades = 0

    if account.rearm != 0:
        account.rearm = 0
        account.halted = 0
        account.peak_equity = account.equity
