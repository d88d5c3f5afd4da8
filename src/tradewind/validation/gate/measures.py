"""Sharpe ratios of what may never have traded, and the path that stands for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.market import DataError
from tradewind.statistics import sharpe, sharpe_per_day

Floats = NDArray[np.float64]


def annual_sharpe(daily: Floats) -> float:
    """As `statistics.sharpe`; 0 for what never moved, such as cash: neither skill nor luck."""
    return 0.0 if len(daily) and not np.any(daily) else sharpe(daily)


def daily_sharpe(daily: Floats) -> float:
    """The same, not annualised."""
    return 0.0 if len(daily) and not np.any(daily) else sharpe_per_day(daily)


def path_sharpes(paths: Floats) -> Floats:
    """[P] annual Sharpe ratio of each path of [P, D] daily returns."""
    return np.array([annual_sharpe(path) for path in paths])


def middle_path(paths: Floats) -> Floats:
    """[D]: the path whose Sharpe ratio is the median of [P, D], of an even number the lower one.

    Paths share data, so their average would look calmer than any model is.
    """
    order = np.argsort(path_sharpes(paths), kind="stable")
    return np.asarray(paths[order[(len(order) - 1) // 2]])


def returns(values: object, dimensions: int, what: str) -> Floats:
    """Finite numbers of that many dimensions, none of them empty; `DataError` otherwise."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions or not array.size or not np.isfinite(array).all():
        raise DataError(
            f"{what} of shape {array.shape} must be finite numbers of {dimensions} dimensions, none of them empty"
        )
    return array
