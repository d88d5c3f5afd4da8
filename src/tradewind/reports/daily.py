"""Returns of whole days, of a run and of its simulation, and how deep such days may fall together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.market import CashFlow, CashFlowKind, Command, Decision, Snapshot
from tradewind.statistics import MIN_DAYS, Undefined, daily_returns, stationary_indices
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.told.curve import EquityCurve

Curve = tuple[NDArray[np.int64], NDArray[np.float64]]  # close times, growth
PATHS, SEED = 2_000, 20_260_101
WITHIN = 95.0  # percent of the paths


def simulated_growth(capital: float, records: Sequence[Record], decisions: Sequence[Decision]) -> Curve:
    """The growth of a simulation of these records, as if nothing had been paid in or out."""
    curve, waiting = EquityCurve(capital), list(reversed(decisions))
    for record in records:
        if isinstance(record, CashFlow) and record.kind is not CashFlowKind.FUNDING:
            curve.paid(float(record.amount))
        elif isinstance(record, Epoch):
            curve.begin_anew()
        elif isinstance(record, Snapshot | Command):
            while waiting and waiting[-1].at <= record.at:
                one = waiting.pop()
                curve.decided(one.at, one.equity)
    return curve.points()


def daily_growth(at: NDArray[np.int64], growth: NDArray[np.float64]) -> dict[int, float]:
    """Returns of whole UTC days, by the day: the first and the last are left out."""
    if not len(at):
        return {}
    try:
        found = daily_returns(at, growth)
    except Undefined:
        return {}
    return {int(d): float(v) for d, v in list(zip(found.day, found.value, strict=True))[1:-1]}


def drawdown_within(returns: Sequence[float], days: int) -> float | None:
    """The drawdown that 95 % of paths of so many days stay within, drawn from these daily returns in blocks.

    None from fewer than 20 days. The same returns give the same value.
    """
    if len(returns) < MIN_DAYS:
        return None
    laps = math.ceil(days / len(returns))
    drawn = stationary_indices(len(returns), PATHS * laps, np.random.default_rng(SEED))
    rows = drawn.reshape(PATHS, -1)[:, :days]
    growth = np.cumprod(1.0 + np.asarray(returns)[rows], axis=1)
    falls = 1.0 - growth / np.maximum(np.maximum.accumulate(growth, axis=1), 1.0)
    return float(np.percentile(falls.max(axis=1), WITHIN))
