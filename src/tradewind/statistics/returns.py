"""From an equity curve to returns: per bar, per UTC day, per month. Always ratios of equity, never money.

A mark at `close_time` (UTC ms, exclusive) ends the span before it, so the mark at 00:00:00 is the last
of the day that has just ended, and the mark at 00:00:00 on the first of a month the last of the old month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.statistics.undefined import Undefined

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

DAY_MS = 86_400_000
DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True, eq=False)
class DailyReturns:
    """One simple return per UTC day that has a mark; `day` is the start of each day in UTC ms.

    The first and the last day may be partial. A day without any mark has no row: the move over it, if a
    position was carried, is in the row of the next day.
    """

    day: Times  # [D]
    value: Floats  # [D]

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class MonthReturn:
    """The simple return within one calendar month (UTC); `month` counts from 1."""

    year: int
    month: int
    value: float


def checked_equity(equity: Floats) -> Floats:
    """The curve with ruin as 0 from its first bar on. Raises `DataError` on what is no equity curve."""
    curve = np.asarray(equity, dtype=np.float64)
    if curve.ndim != 1 or len(curve) == 0:
        raise DataError(f"an equity curve has one value per bar, got an array of shape {curve.shape}")
    if not np.isfinite(curve).all():
        bad = int(np.argmin(np.isfinite(curve)))
        raise DataError(f"equity is {curve[bad]} at bar {bad}: every mark must be a finite amount")
    if curve[0] <= 0:
        raise DataError(f"equity begins at {curve[0]}: the start capital must be positive")
    ruined = curve <= 0
    if not ruined.any():
        return curve
    first = int(np.argmax(ruined))
    if not ruined[first:].all():
        raise DataError(
            f"equity is {curve[first]} at bar {first} and positive later: add no money on the way"
        )
    return np.where(ruined, 0.0, curve)


def simple_returns(equity: Floats) -> Floats:
    """equity[t + 1] / equity[t] - 1, one fewer than marks. Ruin is -1 once, then 0."""
    curve = checked_equity(equity)
    before = curve[:-1]
    alive = before > 0
    return np.where(alive, curve[1:] / np.where(alive, before, 1.0) - 1.0, 0.0)


def _last_of_each(label: Times) -> NDArray[np.intp]:
    """The last index of each run of equal labels."""
    return np.append(np.flatnonzero(label[1:] != label[:-1]), len(label) - 1)


def _checked_times(close_time: Times, equity: Floats) -> Times:
    times = np.asarray(close_time, dtype=np.int64)
    if times.shape != np.shape(equity):
        raise DataError(
            f"{times.shape} close times for equity of shape {np.shape(equity)}: one each is needed"
        )
    if len(times) > 1 and not (np.diff(times) > 0).all():
        raise DataError("close times must increase from bar to bar")
    return times


def daily_returns(close_time: Times, equity: Floats) -> DailyReturns:
    """Simple returns by UTC day; the first mark is the start capital, so its own day begins there.

    Raises `Undefined` where bars are longer than a day, or there is one mark only.
    """
    times, curve = _checked_times(close_time, equity), checked_equity(equity)
    if len(times) < 2:
        raise Undefined("one mark only: a return needs two")
    if int(np.diff(times).min()) > DAY_MS:
        raise Undefined("bars are longer than a day: there are no daily returns")
    day = (times[1:] - 1) // DAY_MS
    last = _last_of_each(day)
    marks = np.concatenate([curve[:1], curve[1:][last]])
    return DailyReturns(day[last] * DAY_MS, simple_returns(marks))


def monthly_returns(close_time: Times, equity: Floats) -> tuple[MonthReturn, ...]:
    """The return of each calendar month that has a mark; together they compound to the net return."""
    times, curve = _checked_times(close_time, equity), checked_equity(equity)
    if len(times) < 2:
        return ()
    month = (times[1:] - 1).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    last = _last_of_each(month)
    values = simple_returns(np.concatenate([curve[:1], curve[1:][last]]))
    return tuple(
        MonthReturn(1970 + int(m) // 12, int(m) % 12 + 1, float(v)) for m, v in zip(month[last], values)
    )


def years_between(start_ms: int, end_ms: int) -> float:
    """Years of 365 days."""
    return (end_ms - start_ms) / (DAYS_PER_YEAR * DAY_MS)


def utc(ms: int) -> datetime:
    """The moment as a date and time in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)
