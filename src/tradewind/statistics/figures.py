"""Risk and return figures. `returns` are simple daily returns, net of costs.

Cash earns nothing, so the excess return is the return. Rates are fractions. Each function gives a finite
number or raises `Undefined` with the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.statistics.returns import DAY_MS, DAYS_PER_YEAR, checked_equity, years_between
from tradewind.statistics.undefined import MIN_DAYS, Undefined, need_days

Floats = NDArray[np.float64]

_ROUNDING = 1e-14  # a standard deviation of returns below this is the rounding of equity, not risk


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak. Indices are rows of the curve; `recovery` is None while still below."""

    fraction: float  # positive: 0.25 is a quarter of the peak
    peak: int
    bottom: int
    recovery: int | None
    last: int  # the last row of the curve

    @property
    def end(self) -> int:
        return self.last if self.recovery is None else self.recovery

    @property
    def bars(self) -> int:
        """From the peak until it was reached again, or until the curve ended."""
        return self.end - self.peak


def net_return(equity: Floats) -> float:
    """Last over first, minus 1."""
    curve = checked_equity(equity)
    return float(curve[-1] / curve[0] - 1)


def cagr(equity: Floats, start_ms: int, end_ms: int, needed_days: int = MIN_DAYS) -> float:
    """Compound growth per 365 days. It has the sign of the net return, always."""
    need_days((end_ms - start_ms) / DAY_MS, needed_days)
    curve = checked_equity(equity)
    ratio = float(curve[-1] / curve[0])
    if ratio <= 0:
        return -1.0
    growth = math.log(ratio) / years_between(start_ms, end_ms)
    if growth > 700:
        raise Undefined(f"a gain of {ratio:.3g} times has no meaningful annual rate over so short a span")
    return math.expm1(growth)


def _daily(returns: Floats, needed_days: int = MIN_DAYS) -> Floats:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError(f"daily returns must be one finite number a day, got shape {values.shape}")
    need_days(len(values), needed_days)
    return values


def _deviation(values: Floats) -> float:
    deviation = float(values.std(ddof=1))
    if deviation <= _ROUNDING:
        raise Undefined("the returns do not vary")
    return deviation


def volatility(returns: Floats) -> float:
    """Standard deviation of daily returns, a year."""
    return float(_daily(returns).std(ddof=1)) * math.sqrt(DAYS_PER_YEAR)


def sharpe(returns: Floats) -> float:
    """Mean over standard deviation of daily returns, times sqrt(365)."""
    return sharpe_per_day(returns) * math.sqrt(DAYS_PER_YEAR)


def sharpe_per_day(returns: Floats) -> float:
    """Mean over standard deviation, not annualised: what PSR, DSR and MinTRL take."""
    values = _daily(returns)
    return float(values.mean()) / _deviation(values)


def sortino(returns: Floats) -> float:
    """Mean over the root mean square of the losses (all days count), times sqrt(365)."""
    values = _daily(returns)
    downside = math.sqrt(float(np.square(np.minimum(values, 0.0)).mean()))
    if downside <= _ROUNDING:
        raise Undefined("no day lost money, so there is no downside to divide by")
    return float(values.mean()) / downside * math.sqrt(DAYS_PER_YEAR)


def calmar(annual_growth: float, drawdown: Drawdown) -> float:
    """CAGR over the deepest drawdown."""
    if drawdown.fraction <= _ROUNDING:
        raise Undefined("equity never fell, so there is no drawdown to divide by")
    return annual_growth / drawdown.fraction


def drawdowns(equity: Floats) -> Floats:
    """[T] how far below the highest mark so far, as a positive fraction."""
    curve = checked_equity(equity)
    return np.asarray(1.0 - curve / np.maximum.accumulate(curve))


def max_drawdown(equity: Floats) -> Drawdown:
    """The deepest drawdown on the marks given; of equal ones the first."""
    curve = checked_equity(equity)
    depth = drawdowns(curve)
    bottom = int(depth.argmax())
    peak = int(curve[: bottom + 1].argmax())
    above = np.flatnonzero(curve[bottom:] >= curve[peak])
    recovery = bottom + int(above[0]) if len(above) else None
    return Drawdown(float(depth[bottom]), peak, bottom, recovery, len(curve) - 1)


def longest_under_water(equity: Floats) -> tuple[int, int]:
    """The rows (peak, end) of the longest time without a new high; (0, 0) when every mark was one."""
    curve = checked_equity(equity)
    highs = np.flatnonzero(curve >= np.maximum.accumulate(curve))
    still_below = bool(highs[-1] < len(curve) - 1)
    edges = np.append(highs, len(curve) - 1) if still_below else highs
    width = np.diff(edges)
    below = width > 1  # two highs in a row have no water between them
    below[len(below) - 1 :] |= still_below
    if not below.any():
        return 0, 0
    longest = int(np.where(below, width, 0).argmax())
    return int(edges[longest]), int(edges[longest + 1])


def value_at_risk(returns: Floats, tail: float = 0.05) -> float:
    """The daily return that one day in 1/`tail` falls below (linear quantile; a loss is negative)."""
    return float(np.quantile(_daily(returns), tail))


def expected_shortfall(returns: Floats, tail: float = 0.05) -> float:
    """CVaR: the mean of the worst `tail` of days (a loss is negative)."""
    values = _daily(returns)
    worst = int((len(values) - 1) * tail)
    return float(np.partition(values, worst)[: worst + 1].mean())


def skew(returns: Floats) -> float:
    """Third standardised moment of the days."""
    return _moment(returns, 3)


def kurtosis(returns: Floats) -> float:
    """Fourth standardised moment, raw: 3 for a normal distribution."""
    return _moment(returns, 4)


def _moment(returns: Floats, order: int) -> float:
    values = _daily(returns)
    _deviation(values)
    centred = values - values.mean()
    return float((centred**order).mean() / (centred**2).mean() ** (order / 2))


def regression(returns: Floats, benchmark: Floats) -> tuple[float, float, float]:
    """(alpha a year, beta, correlation) of daily returns on those of a benchmark on the same days."""
    ours, theirs = _daily(returns), _daily(benchmark)
    if len(ours) != len(theirs):
        raise DataError(f"{len(ours)} days against {len(theirs)}: both need the same days")
    ours_deviation, theirs_deviation = _deviation(ours), _deviation(theirs)
    covariance = float(((ours - ours.mean()) * (theirs - theirs.mean())).sum() / (len(ours) - 1))
    beta = covariance / theirs_deviation**2
    alpha = (float(ours.mean()) - beta * float(theirs.mean())) * DAYS_PER_YEAR
    return alpha, beta, covariance / (ours_deviation * theirs_deviation)
