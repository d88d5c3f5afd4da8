"""Does any feature look ahead? Cut the future off, then change it: no value before it may move by a bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradewind.market.aligned import Market
from tradewind.market.errors import DataError


class _Matrix(Protocol):
    @property
    def values(self) -> NDArray[np.float64]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...


def truncation_test(
    compute_features: Callable[[Market], _Matrix], market: Market, cuts: int = 6
) -> list[str]:
    """The columns of `compute_features(market)` that depend on rows after their own, in order; [] if none.

    The features are computed again with all rows after a cut deleted, and with all of them altered, for
    `cuts` rows spread over the market; values up to the cut must be the same bit for bit. Raises
    `DataError` with fewer than three rows.
    """
    if len(market) < 3:
        raise DataError(f"the look-ahead test was given {len(market)} rows, it needs at least 3")
    whole = compute_features(market)
    moved = np.zeros(len(whole.columns), np.bool_)
    for cut in np.unique(np.linspace(1, len(market) - 1, cuts).astype(int)).tolist():
        past = _bits(whole.values[:cut])
        for other in (market.rows(0, cut), _altered(market, cut)):
            again = compute_features(other)
            if again.columns != whole.columns:
                raise DataError("the columns of the features change with the rows they are given")
            moved |= (_bits(again.values[:cut]) != past).any(axis=0)
    return [name for name, leaks in zip(whole.columns, moved) if leaks]


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Bit patterns, all NaN as one: which NaN it is means nothing."""
    table = np.array(values, np.float64)
    table[np.isnan(table)] = np.nan
    return table.view(np.uint64)


def _altered(market: Market, cut: int) -> Market:
    """The same market up to `cut`; after it other prices, volumes, funding and masks. Still proper bars."""
    random = np.random.default_rng(cut)
    shape = market.close[cut:].shape
    factor = np.exp(np.cumsum(random.normal(0.0, 0.02, shape), axis=0) + random.normal(0.0, 0.3))
    masked = random.random(shape) < 0.1
    changed: dict[str, NDArray[np.float64] | NDArray[np.bool_]] = {}
    for name in ("open", "high", "low", "close", "volume"):
        array = np.array(getattr(market, name))
        array[cut:] = np.where(masked, np.nan, array[cut:] * factor)
        changed[name] = array
    tradable = np.array(market.tradable)
    tradable[cut:] &= ~masked
    changed["tradable"] = tradable
    if market.funding_rate is not None:
        changed["funding_rate"] = _after(market.funding_rate, cut, 1.0)
    if market.mark is not None:
        changed["mark"] = _after(market.mark, cut, 0.0)
    return replace(market, **changed)  # type: ignore[arg-type]


def _after(array: NDArray[np.float64], cut: int, plus: float) -> NDArray[np.float64]:
    made = np.array(array)
    made[cut:] = made[cut:] * 1.37 + plus * 1e-4
    return made
