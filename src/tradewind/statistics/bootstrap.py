"""The stationary bootstrap (Politis and Romano 1994): how uncertain a figure of dependent returns is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.statistics.figures import sharpe
from tradewind.statistics.returns import DAYS_PER_YEAR, Floats
from tradewind.statistics.undefined import Undefined

_CELLS = 1_000_000  # numbers drawn at once: bounds memory at any length


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its bootstrap interval at `confidence`."""

    value: float
    low: float
    high: float
    confidence: float


def block_length(days: int) -> float:
    """The mean block, T^(1/3)."""
    return float(max(1.0, np.cbrt(days)))


def stationary_indices(
    length: int, draws: int, rng: np.random.Generator, block: float | None = None
) -> NDArray[np.intp]:
    """[draws, length] row numbers: blocks of geometric length, mean `block`, wrapping around the end."""
    if length < 1 or draws < 1:
        raise DataError(f"a bootstrap of {draws} draws over {length} rows has nothing to draw")
    mean_block = block_length(length) if block is None else block
    if mean_block < 1:
        raise DataError(f"block is {mean_block}: a mean block of at least one row is needed")
    starts = rng.integers(0, length, size=(draws, length))
    begins = rng.random((draws, length)) < 1 / mean_block
    begins[:, 0] = True
    column = np.arange(length)
    begun_at = np.maximum.accumulate(np.where(begins, column, 0), axis=1)
    return (np.take_along_axis(starts, begun_at, axis=1) + column - begun_at) % length


def index_batches(
    length: int, draws: int, rng: np.random.Generator, block: float | None = None
) -> Iterator[NDArray[np.intp]]:
    """`stationary_indices` in parts that fit in memory at any length."""
    at_once = max(1, _CELLS // length)
    for done in range(0, draws, at_once):
        yield stationary_indices(length, min(at_once, draws - done), rng, block)


def _sharpes(samples: Floats) -> Floats:
    """Annual Sharpe of each row; NaN where the row does not vary (its caller counts those)."""
    deviation = samples.std(axis=1, ddof=1)
    varies = deviation > 1e-14
    ratio = samples.mean(axis=1) / np.where(varies, deviation, 1.0)
    return np.where(varies, ratio * math.sqrt(DAYS_PER_YEAR), np.nan)


def _interval(value: float, draws: Floats, confidence: float) -> Interval:
    if not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence}: a fraction between 0 and 1 is needed")
    known = draws[np.isfinite(draws)]
    if len(known) < 0.95 * len(draws):
        raise Undefined("too few days moved: many resamples do not vary at all")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high), confidence)


def sharpe_interval(
    returns: Floats, rng: np.random.Generator, draws: int = 2000, confidence: float = 0.95
) -> Interval:
    """Annual Sharpe of daily returns with its percentile interval."""
    value = sharpe(returns)
    batches = [_sharpes(returns[rows]) for rows in index_batches(len(returns), draws, rng)]
    return _interval(value, np.concatenate(batches), confidence)


def sharpe_difference(
    returns: Floats,
    benchmark: Floats,
    rng: np.random.Generator,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """Annual Sharpe minus that of a benchmark on the same days, both resampled by the same rows."""
    if len(returns) != len(benchmark):
        raise DataError(f"{len(returns)} days against {len(benchmark)}: both need the same days")
    value = sharpe(returns) - sharpe(benchmark)
    batches = [
        _sharpes(returns[rows]) - _sharpes(benchmark[rows])
        for rows in index_batches(len(returns), draws, rng)
    ]
    return _interval(value, np.concatenate(batches), confidence)


def sharpe_gap(
    returns: Floats,
    others: Floats,
    rng: np.random.Generator,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """Annual Sharpe of one span of days minus that of another, each resampled on its own."""
    value = sharpe(returns) - sharpe(others)
    one, other = (
        np.concatenate([_sharpes(days[rows]) for rows in index_batches(len(days), draws, rng)])
        for days in (returns, others)
    )
    return _interval(value, one - other, confidence)
