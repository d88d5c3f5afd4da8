"""Columns that are not candles, sentiment first: joined by when they could be known, never by event day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.features.program import Floats, Integers
from tradewind.market.aligned import Market
from tradewind.market.errors import DataError


def asof_join(
    market: Market, available_at: Integers, values: Floats, max_age_ms: int | None = None
) -> Floats:
    """[T, K] (or [T]): at each row the newest of `values` [N, K] available by its close; NaN before any.

    `available_at` [N] is when each value could be read, processing included (UTC ms); order does not
    matter, of equals the last one wins. With `max_age_ms` older values are NaN: stale is not known.
    """
    return asof(market.close_time, available_at, values, max_age_ms)


def asof(
    at: NDArray[np.int64], available_at: Integers, values: Floats, max_age_ms: int | None = None
) -> Floats:
    """As `asof_join`, for any decision times `at` [T] in UTC ms: one time serves a live run."""
    moments = np.asarray(at, np.int64)
    known = np.asarray(available_at, np.int64)
    table = np.asarray(values, np.float64)
    if known.ndim != 1 or len(table) != len(known):
        raise DataError(f"{len(table)} values came with {known.size} availability times: expected one each")
    if max_age_ms is not None and max_age_ms < 0:
        raise DataError(f"max_age_ms is {max_age_ms}, expected zero or more")
    result = np.full((len(moments), *table.shape[1:]), np.nan)
    if not len(known):
        return result
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], moments, side="right") - 1
    newest = order[np.maximum(place, 0)]
    usable = place >= 0
    if max_age_ms is not None:
        usable &= moments - known[newest] <= max_age_ms
    result[usable] = table[newest[usable]]
    return result
