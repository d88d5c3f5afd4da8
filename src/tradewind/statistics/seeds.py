"""What a recipe is worth over its seeds (Agarwal et al. 2021): the interquartile mean, and how sure it is."""

from __future__ import annotations

import numpy as np

from tradewind.market.errors import DataError
from tradewind.statistics.bootstrap import Interval
from tradewind.statistics.returns import Floats
from tradewind.statistics.undefined import Undefined


def iqm(scores: Floats) -> float:
    """The mean of the middle half: a quarter of the scores, rounded down, left out on each side."""
    values = _checked(scores).ravel()
    return float(_iqm_of_rows(values[None])[0])


def iqm_interval(
    scores: Floats, rng: np.random.Generator, draws: int = 2000, confidence: float = 0.95
) -> Interval:
    """The IQM of scores [seeds, strata] (or [seeds]) with its interval: seeds are drawn anew within each stratum.

    A stratum is what seeds are not to be mixed over: a fold, a path, a market. `Undefined` with one seed.
    """
    if not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence}: a fraction between 0 and 1 is needed")
    values = _checked(scores)
    values = values.reshape(len(values), -1)
    seeds, strata = values.shape
    if seeds < 2:
        raise Undefined("one seed says nothing about others: run two or more")
    rows = rng.integers(0, seeds, size=(draws, seeds, strata))
    resampled = values[rows, np.arange(strata)].reshape(draws, -1)
    low, high = np.quantile(_iqm_of_rows(resampled), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(iqm(values), float(low), float(high), confidence)


def _iqm_of_rows(samples: Floats) -> Floats:
    size = samples.shape[1]
    aside = size // 4
    middle = np.sort(samples, axis=1)[:, aside : size - aside]
    return np.asarray(middle.mean(axis=1))


def _checked(scores: Floats) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        raise DataError(f"scores of shape {values.shape} must be finite numbers: [seeds] or [seeds, strata]")
    return values
