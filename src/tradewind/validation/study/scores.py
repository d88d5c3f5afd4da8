"""From tests to numbers: the score of a run, the objective of a trial, its returns along the paths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market import DataError
from tradewind.statistics import DAYS_PER_YEAR, Undefined, daily_returns, sharpe_per_day
from tradewind.validation.paths import Pieces, stitch
from tradewind.validation.splits import Group, Scheme, Times

Floats = NDArray[np.float64]


def run_sharpe(close_time: Times, tests: Sequence[Group], equity: Mapping[int, Floats]) -> float:
    """The annual Sharpe ratio of the daily returns of all tested groups; 0 for an agent that never moved.

    `Undefined` where the tests have fewer days than a Sharpe ratio needs.
    """
    daily = [
        daily_returns(
            close_time[np.concatenate([np.arange(f.start, f.stop) for f in group.fragments])], curve
        )
        for group, curve in ((group, equity[group.number]) for group in tests)
    ]
    return _sharpe(np.concatenate([one.value for one in daily])) * math.sqrt(DAYS_PER_YEAR)


def objective(scores: Sequence[float]) -> float:
    """The median less half the distance between the quartiles: good, and not only sometimes."""
    low, middle, high = np.quantile(np.array(scores), [0.25, 0.5, 0.75])
    return float(middle - 0.5 * (high - low))


@dataclass(frozen=True, slots=True, eq=False)
class TrialReturns:
    """Daily out-of-sample returns of one trial: D days, P paths, S seeds. Net of costs.

    Paths share data: they are no independent samples.
    """

    day: Times  # [D] UTC ms
    by_seed: Floats  # [S, P, D]
    seeds: tuple[int, ...]

    @property
    def paths(self) -> Floats:
        """[P, D]: the mean of the seeds."""
        return np.asarray(self.by_seed.mean(axis=0))

    @property
    def sharpes(self) -> Floats:
        """[P]: the Sharpe ratio per day of each path, the mean of its seeds; not annualised."""
        return np.array([_sharpe(path) for path in self.paths])

    @property
    def sharpe(self) -> float:
        """The median of the paths."""
        return float(np.median(self.sharpes))


def returns_of(scheme: Scheme, pieces: Mapping[int, Pieces]) -> TrialReturns:
    """The tests of a trial, by seed, put together along the paths of the scheme."""
    by_seed, days = [], None
    for of_seed in pieces.values():
        daily = [daily_returns(path.close_time, path.equity) for path in stitch(scheme, of_seed)]
        if any(not np.array_equal(one.day, daily[0].day) for one in daily):
            raise DataError("the paths of the scheme are not over the same days")
        days = daily[0].day
        by_seed.append([one.value for one in daily])
    if days is None:
        raise DataError("a trial without a seed has no returns")
    return TrialReturns(days, np.array(by_seed), tuple(pieces))


def _sharpe(daily: Floats) -> float:
    """Per day; 0 where nothing ever moved, since who never trades has neither skill nor luck."""
    if len(daily) and not daily.any():
        return 0.0
    try:
        return sharpe_per_day(daily)
    except Undefined as error:
        raise Undefined(
            f"a test has no Sharpe ratio ({error}): bring more candles, or take fewer groups"
        ) from error
