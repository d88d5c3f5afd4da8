"""Named rewards, all from the same account, all net of every cost."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

from tradewind.compiled import compiled
from tradewind.simulator.logarithm import natural_log


class Reward(IntEnum):
    """What the learner is paid for. Reports never show it: they show net returns from the account."""

    LOG_RETURN = 0
    SIMPLE_RETURN = 1
    DIFFERENTIAL_SHARPE = 2  # Moody and Saffell (2001)
    DRAWDOWN_PENALTY = 3  # log return minus penalty x drawdown from the peak
    TURNOVER_PENALTY = 4  # log return minus penalty x turnover as a fraction of equity
    EXCESS = 5  # log return above the equal-weight portfolio of the instruments


DIFFERENTIAL_SHARPE = int(Reward.DIFFERENTIAL_SHARPE)
SIMPLE_RETURN = int(Reward.SIMPLE_RETURN)
DRAWDOWN_PENALTY = int(Reward.DRAWDOWN_PENALTY)
TURNOVER_PENALTY = int(Reward.TURNOVER_PENALTY)
EXCESS = int(Reward.EXCESS)
MOST_GROWTH = 1e6
LEAST_GROWTH = 1e-6  # a lost account has a finite logarithm


@compiled
def reward_of(account: Any, rules: Any, benchmark_return: float) -> float:
    """The reward of the bar that has just been marked; updates the moments of the differential Sharpe.

    An account that had nothing left earns 0: a ratio to nothing means nothing.
    """
    if account.previous_equity <= 0.0:
        return 0.0
    growth = min(max(account.equity / account.previous_equity, LEAST_GROWTH), MOST_GROWTH)
    if rules.reward_kind == SIMPLE_RETURN:
        value = growth - 1.0
    elif rules.reward_kind == DIFFERENTIAL_SHARPE:
        value = _differential_sharpe(account, rules.score_rate, growth - 1.0)
    else:
        value = natural_log(growth)
        if rules.reward_kind == DRAWDOWN_PENALTY:
            value -= rules.reward_penalty * (1.0 - account.equity / account.peak_equity)
        elif rules.reward_kind == TURNOVER_PENALTY:
            value -= rules.reward_penalty * account.bar_turnover / account.previous_equity
        elif rules.reward_kind == EXCESS:
            value -= natural_log(max(1.0 + benchmark_return, LEAST_GROWTH))
    return value * rules.reward_scale


@compiled
def _differential_sharpe(account: Any, rate: float, simple_return: float) -> float:
    """Change of an exponentially weighted Sharpe ratio by one return; 0 until there is a variance."""
    mean = account.score_mean
    square = account.score_square
    mean_step = simple_return - mean
    square_step = simple_return * simple_return - square
    variance = square - mean * mean
    value = 0.0
    if variance > 1e-12:
        value = (square * mean_step - 0.5 * mean * square_step) / (variance * math.sqrt(variance))
    account.score_mean = mean + rate * mean_step
    account.score_square = square + rate * square_step
    return value
