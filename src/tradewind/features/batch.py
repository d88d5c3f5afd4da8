"""The features of a whole history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.features.plan import FeaturePlan
from tradewind.features.program import Floats, Rows, program_of
from tradewind.market.aligned import Market
from tradewind.market.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMatrix:
    """Features of every row of a market: `values` [T, F] as `columns` names them, NaN until warm.

    `ready` [T] is True where every column is finite.
    """

    values: Floats
    columns: tuple[str, ...]
    ready: NDArray[np.bool_]

    def with_columns(self, names: Sequence[str], values: Floats) -> FeatureMatrix:
        """The same with columns [T, K] (or [T]) after the last, as-of data for instance."""
        extra = np.asarray(values, np.float64).reshape(len(self.values), -1)
        if extra.shape[1] != len(names):
            raise DataError(f"{extra.shape[1]} columns of values came with {len(names)} names")
        joined = np.ascontiguousarray(np.hstack([self.values, extra]))
        return feature_matrix(joined, (*self.columns, *names))


def feature_matrix(values: Floats, columns: tuple[str, ...]) -> FeatureMatrix:
    """A matrix with its `ready` rows found."""
    return FeatureMatrix(values, columns, np.asarray(np.isfinite(values).all(axis=1)))


def compute(market: Market, plan: FeaturePlan) -> FeatureMatrix:
    """Every feature of the plan at every row, each from that row and rows before it in its fragment only.

    State starts anew at each fragment; a masked bar leaves the values of its instrument as they were; rows
    outside all fragments are NaN. Raises `DataError` on a tradable bar that is no bar.
    """
    program = program_of(plan, market.timeframe)
    width = len(market.instruments)
    rows = market_rows(market)
    values = np.full((len(market), width * program.columns), np.nan)
    for start, stop in market.fragments.tolist():
        bad = rows.first_unusable(start, stop)
        if bad is not None:
            raise unusable_bar(market.symbols[bad[1]], int(market.open_time[bad[0]]))
        _check_grid(market, start, stop)
        if stop > start:
            origin = int(market.open_time[start])
            program.run(program.fresh_state(width), origin, rows, start, stop, values)
    return feature_matrix(values, plan.columns(market.symbols))


def market_rows(market: Market) -> Rows:
    """The bars of a market as the kernels take them, without a copy where they are contiguous."""
    prices = market.open, market.high, market.low, market.close, market.volume
    o, h, low, c, v = (np.asarray(array, np.float64) for array in prices)
    return Rows(
        np.asarray(market.open_time, np.int64), o, h, low, c, v, np.asarray(market.tradable, np.bool_)
    )


def _check_grid(market: Market, start: int, stop: int) -> None:
    """Inside a fragment every row follows the last: the stream takes nothing else either."""
    late = np.flatnonzero(np.diff(market.open_time[start:stop]) != market.timeframe.ms)
    if len(late):
        row = start + int(late[0])
        raise DataError(
            f"the row after {market.open_time[row]} opens at {market.open_time[row + 1]}, in one fragment "
            f"expected {market.timeframe} later: mask the missing rows, or end the fragment there"
        )


def unusable_bar(symbol: str, open_time: int) -> DataError:
    return DataError(
        f"{symbol}: the bar at {open_time} is marked tradable but is no bar (low <= open, close <= high, all "
        "positive and finite, volume zero or more): check the candles, or mask it"
    )
