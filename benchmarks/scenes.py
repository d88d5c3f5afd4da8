"""The same data for ours and for the peers. NumPy alone: it is imported by both interpreters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
POSITIONS = (-1.0, 0.0, 1.0)  # Gym-Trading-Env takes one of a list; ours gets the same targets
FEATURES = 8
EPISODE_BARS = 1024


@dataclass(frozen=True, eq=False)
class Scene:
    """Candles of one instrument with features; open[t + 1] is near close[t]."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    funding: Floats
    features: NDArray[np.float32]  # [T, FEATURES]


def random_walk(bars: int, seed: int, *, gap: float = 1e-4) -> Scene:
    """Five-minute candles of a coin: 0.2 % a bar, wicks, a volume that varies, funding every eight hours."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, bars)))
    before = np.concatenate(([100.0], close[:-1]))
    open_ = before * np.exp(rng.normal(0.0, gap, bars)) if gap else before
    high = np.maximum(open_, close) * (1.0 + np.abs(rng.normal(0.0, 0.001, bars)))
    low = np.minimum(open_, close) * (1.0 - np.abs(rng.normal(0.0, 0.001, bars)))
    funding = np.zeros(bars)
    funding[::96] = 1e-4
    return Scene(
        open_,
        high,
        low,
        close,
        volume=rng.lognormal(7.0, 1.0, bars),
        funding=funding,
        features=rng.normal(size=(bars, FEATURES)).astype(np.float32),
    )


def random_targets(bars: int, seed: int) -> Floats:
    """A new long target weight at every bar."""
    return np.random.default_rng(seed).uniform(0.0, 0.9, bars)


def column_seed(column: int) -> int:
    """Of the candles of one of several instruments that are traded apart; its targets have the next seed."""
    return 3 + 2 * column


def expected_profit(positions: Floats, drift: Floats, cost: float) -> float:
    """Mean per bar of positions [S, T], the market's noise taken out: drift earned less cost of changes."""
    changes = np.abs(np.diff(positions, axis=1, prepend=0.0))
    return float((positions * drift - cost * changes)[:, :-1].mean())
