"""Is any of several models better than a benchmark, after choosing the best? Hansen's SPA test (2005)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.statistics.bootstrap import block_length, index_batches
from tradewind.statistics.returns import Floats
from tradewind.statistics.undefined import Undefined, need_days


@dataclass(frozen=True, slots=True)
class Superiority:
    """p-values of "no model is better than the benchmark". `consistent` is the one to use, between its bounds."""

    lower: float
    consistent: float
    upper: float


def spa(
    models: Floats,
    benchmark: Floats,
    rng: np.random.Generator,
    draws: int = 1000,
    block: float | None = None,
    studentized: bool = True,
) -> Superiority:
    """Of returns [T, M] against those of a benchmark [T], by the stationary bootstrap.

    `studentized` divides each mean difference by its own error, so that a calm model counts as much as a wild one.
    `Undefined` where a model never differs from the benchmark, or rows are too few.
    """
    gain = _checked(models, benchmark)
    rows, mean = len(gain), gain.mean(axis=0)
    mean_block = block_length(rows) if block is None else block
    error = np.sqrt(_long_run_variance(gain - mean, 1.0 / mean_block) / rows)
    scale = error if studentized else np.ones_like(error)
    kept = mean >= -error * math.sqrt(2 * math.log(math.log(rows)))
    centres = np.stack([np.maximum(mean, 0.0), np.where(kept, mean, 0.0), mean])  # lower, consistent, upper
    best = max(0.0, float((mean / scale).max()))
    drawn = [
        _means(gain, rows_drawn)[:, None, :] - centres
        for rows_drawn in index_batches(rows, draws, rng, mean_block)
    ]
    highest = np.maximum((np.concatenate(drawn) / scale).max(axis=2), 0.0)
    return Superiority(*(highest >= best).mean(axis=0).tolist())


def _checked(models: Floats, benchmark: Floats) -> Floats:
    values, against = np.asarray(models, np.float64), np.asarray(benchmark, np.float64)
    if values.ndim != 2 or against.shape != values.shape[:1] or not values.shape[1]:
        raise DataError(
            f"models have shape {values.shape} and the benchmark {against.shape}: both need the same rows"
        )
    if not np.isfinite(values).all() or not np.isfinite(against).all():
        raise DataError("a return is not finite: every row needs one of every model and of the benchmark")
    need_days(len(values))
    gain = np.asarray(values - against[:, None])
    same = np.ptp(gain, axis=0) <= 1e-14
    if same.any():
        raise Undefined(
            f"model {int(np.argmax(same))} never differs from the benchmark by more than a constant"
        )
    return gain


def _long_run_variance(centred: Floats, restart: float) -> Floats:
    """[M] T times the variance that a mean has under the stationary bootstrap (Politis and Romano 1994)."""
    rows = len(centred)
    spectrum = np.fft.rfft(centred, 2 * rows, axis=0)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, 2 * rows, axis=0)[:rows] / rows
    lag = np.arange(1, rows)
    stays = 1.0 - restart
    weight = (1 - lag / rows) * stays**lag + lag / rows * stays ** (rows - lag)
    variance = np.asarray(covariance[0] + 2 * weight @ covariance[1:])
    if (variance <= 0).any():
        raise Undefined("the differences have no variance left at this block length: take a shorter block")
    return variance


def _means(gain: Floats, rows_drawn: NDArray[np.intp]) -> Floats:
    """[draws, M] the mean of each resample, by how often it drew each row."""
    draws, rows = rows_drawn.shape
    cells = (rows_drawn + np.arange(draws)[:, None] * rows).ravel()
    times = np.bincount(cells, minlength=draws * rows).reshape(draws, rows)
    return np.asarray(times @ gain / rows)
