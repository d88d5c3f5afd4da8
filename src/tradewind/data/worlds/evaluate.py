"""What a series of positions earns in a world, judged on the same draws as the oracle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.kernels import profit_sums
from tradewind.data.worlds.world import World, WorldPaths
from tradewind.market import DataError

Floats = NDArray[np.float64]
_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Profit:
    """Arithmetic profit per step at constant exposure, net of cost, in units of capital.

    The standard error comes from the means of blocks, so it holds for serially dependent profits too.
    """

    mean: float
    standard_error: float
    deviation: float  # standard deviation of one step
    turnover: float  # mean absolute change of position per step
    steps: int

    @property
    def sharpe(self) -> float:
        """Per step, not annualised; 0 for a policy that never trades."""
        return self.mean / self.deviation if self.deviation > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A policy beside the oracle on the same draws; `difference` is paired, draw by draw."""

    policy: Profit
    oracle: Profit
    gain: float  # the oracle's value by theory
    difference: Profit  # policy minus oracle

    @property
    def share(self) -> float:
        """Mean profit over the oracle's on these draws; NaN where nothing can be earned."""
        return self.policy.mean / self.oracle.mean if self.oracle.mean > 0 else math.nan

    @property
    def too_good(self) -> bool:
        """More than 4 standard errors above the best attainable: a leak or an error of accounting."""
        return self.difference.mean > 4 * self.difference.standard_error


def arithmetic_profit(positions: Floats, paths: WorldPaths, cost: float, *, expected: bool = False) -> Profit:
    """`p[t] * r[t+1] - cost * |p[t] - p[t-1]|` over all decisions that have a next bar, starting flat.

    `positions` is [S, T, A], or [S, T] with one instrument. With `expected`, what one unit is expected to
    earn takes the place of what it did earn: the market's noise is gone, the mean is the same for any policy
    that does not see the future. (In W5 this is the hedged profit.)
    """
    held = _as_positions(positions, paths)
    if expected:
        return _profit(held, paths.drift, cost, offset=0)
    return _profit(held, _earned(paths), cost, offset=1)


def log_growth(positions: Floats, paths: WorldPaths) -> Profit:
    """`log(1 + p[t] r[t+1])` per step: the objective of W6."""
    held = _as_positions(positions, paths)
    growth = np.log1p(np.einsum("sta,sta->st", held[:, :-1], _earned(paths)[:, 1:]))
    padded = np.zeros((*held.shape[:2], 1))
    padded[:, 1:, 0] = growth
    summed = _profit(np.ones_like(padded), padded, 0.0, offset=1)
    turnover = np.abs(np.diff(held, axis=1, prepend=0.0)).sum(axis=2)[:, :-1].mean()
    return Profit(summed.mean, summed.standard_error, summed.deviation, float(turnover), summed.steps)


def naive_sign(paths: WorldPaths) -> Floats:
    """Positions [S, T, A]: fully with the expected drift, whatever it costs."""
    return np.sign(paths.drift)


def momentum(paths: WorldPaths, lookback: int) -> Floats:
    """Positions [S, T, A]: the sign of the sum of the last `lookback` returns, at first flat."""
    total = np.cumsum(paths.returns, axis=1)
    out = np.zeros_like(total)
    out[:, lookback - 1] = np.sign(total[:, lookback - 1])
    out[:, lookback:] = np.sign(total[:, lookback:] - total[:, :-lookback])
    return out


def best_momentum(
    paths: WorldPaths, cost: float, lookbacks: Sequence[int] = (5, 10, 20, 30, 40, 60, 80, 120)
) -> tuple[int, Profit]:
    """The lookback that earned most on these very draws, and what it earned: a flattered rival."""
    earned = {n: arithmetic_profit(momentum(paths, n), paths, cost) for n in lookbacks if n < paths.bars}
    if not earned:
        raise DataError(f"{paths.bars} bars are too few for a lookback of {min(lookbacks)}: sample more bars")
    best = max(earned, key=lambda n: earned[n].mean)
    return best, earned[best]


def oracle_on(
    world: World, paths: WorldPaths, cost: float | None = None, *, expected: bool = False
) -> Profit:
    """What the oracle earns on these draws (cost: the world's own by default)."""
    cost = world.cost_or_default(cost)
    return arithmetic_profit(world.optimal(cost).positions(paths), paths, cost, expected=expected)


def compare(
    world: World, positions: Floats, paths: WorldPaths, cost: float | None = None, *, expected: bool = False
) -> Comparison:
    """Any positions [S, T(, A)] beside the oracle's, on the same draws and at the same cost."""
    cost = world.cost_or_default(cost)
    oracle = world.optimal(cost)
    mine, best = _as_positions(positions, paths), oracle.positions(paths)
    earned, offset = (paths.drift, 0) if expected else (_earned(paths), 1)
    sums = _sums(mine, earned, cost, offset) - _sums(best, earned, cost, offset)
    counts = _sums(best, earned, cost, offset)[..., 3]
    means = (sums[..., 0] / counts).ravel()
    difference = Profit(
        float(sums[..., 0].sum() / counts.sum()),
        float(means.std(ddof=1) / math.sqrt(len(means))),
        math.nan,
        float(sums[..., 2].sum() / counts.sum()),
        int(counts.sum()),
    )
    return Comparison(
        arithmetic_profit(mine, paths, cost, expected=expected),
        arithmetic_profit(best, paths, cost, expected=expected),
        oracle.gain,
        difference,
    )


def _earned(paths: WorldPaths) -> Floats:
    """[S, T, A] what one unit held in bar t earned, funding included."""
    return paths.returns if paths.funding is None else paths.returns - paths.funding[:, :, None]


def _as_positions(positions: Floats, paths: WorldPaths) -> Floats:
    held = np.ascontiguousarray(positions, dtype=np.float64)
    if held.ndim == 2:
        held = held[:, :, None]
    if held.shape != paths.returns.shape:
        raise DataError(f"positions have shape {held.shape}, expected {paths.returns.shape} as the returns")
    if not np.isfinite(held).all():
        raise DataError("positions hold NaN or infinity: fill a hold with the position that is held")
    return held


def _sums(positions: Floats, earned: Floats, cost: float, offset: int) -> Floats:
    """[S, blocks, 4] sums of profit, its square, turnover and steps."""
    streams, bars = positions.shape[:2]
    blocks = min(bars - 1, max(1, math.ceil(_BLOCKS / streams)))
    out = np.zeros((streams, blocks, 4))
    profit_sums(positions, np.ascontiguousarray(earned), cost, offset, blocks, out)
    return out


def _profit(positions: Floats, earned: Floats, cost: float, offset: int) -> Profit:
    sums = _sums(positions, earned, cost, offset)
    profit, square, turnover, steps = sums.sum(axis=(0, 1))
    mean = profit / steps
    means = (sums[..., 0] / sums[..., 3]).ravel()
    return Profit(
        float(mean),
        float(means.std(ddof=1) / math.sqrt(len(means))) if len(means) > 1 else math.nan,
        math.sqrt(max(0.0, square / steps - mean * mean)),
        float(turnover / steps),
        int(steps),
    )
