"""What can be wrong with candles, found in whole columns at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradewind.data.timestamps import utc_text

if TYPE_CHECKING:
    from tradewind.data.series import Candles

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One kind of fault: the rows that have it, and the first of them in words."""

    kind: str
    rows: Mask
    first: str

    @property
    def count(self) -> int:
        return int(self.rows.sum())

    def sentence(self) -> str:
        return f"{self.count} {'bar' if self.count == 1 else 'bars'} with {self.kind}, first {self.first}"


def impossible_bars(candles: Candles) -> list[Fault]:
    """Bars that no market can have made, each row under the first rule that it breaks."""
    free = np.ones(len(candles), dtype=bool)
    found = []
    for kind, broken in _RULES:
        rows = broken(candles) & free
        if rows.any():
            found.append(Fault(kind, rows, _example(candles, int(np.argmax(rows)))))
            free &= ~rows
    return found


def conflicting_duplicates(candles: Candles) -> Mask:
    """In candles sorted by time: rows whose time occurs with other numbers, too."""
    later = _repeats(candles)
    conflict = later & ~_equals_previous(candles)
    if not conflict.any():
        return conflict
    times = np.unique(candles.open_time[conflict])
    return np.isin(candles.open_time, times)


def identical_duplicates(candles: Candles) -> Mask:
    """In candles sorted by time: rows that repeat the row before them, number for number."""
    return _repeats(candles) & _equals_previous(candles)


def backward_steps(candles: Candles) -> Mask:
    """Rows that open before the row above them."""
    backward = np.zeros(len(candles), dtype=bool)
    backward[1:] = np.diff(candles.open_time) < 0
    return backward


def off_grid(open_time: NDArray[np.int64], step_ms: int) -> Mask:
    """Rows whose time does not lie on the grid that most rows share."""
    return np.asarray(open_time % step_ms != grid_phase(open_time, step_ms))


def grid_phase(open_time: NDArray[np.int64], step_ms: int) -> int:
    """How many ms after a whole multiple of the step most times lie."""
    values, counts = np.unique(open_time % step_ms, return_counts=True)
    return int(values[np.argmax(counts)])


def most_frequent_step(open_time: NDArray[np.int64]) -> int | None:
    """The distance in ms that neighbouring times have most often; None when there are not two times."""
    steps = np.diff(np.unique(open_time))
    if not len(steps):
        return None
    return int(Counter(steps.tolist()).most_common(1)[0][0])


def _repeats(candles: Candles) -> Mask:
    later = np.zeros(len(candles), dtype=bool)
    later[1:] = np.diff(candles.open_time) == 0
    return later


def _equals_previous(candles: Candles) -> Mask:
    same = np.zeros(len(candles), dtype=bool)
    same[1:] = candles.take(slice(1, None)).same_rows(candles.take(slice(0, -1)))
    return same


def _example(candles: Candles, row: int) -> str:
    values = ", ".join(f"{n} {getattr(candles, n)[row]:g}" for n in candles.names()[1:])
    return f"at {utc_text(candles.open_time[row])} ({values})"


def _prices(candles: Candles) -> tuple[NDArray[np.float64], ...]:
    return candles.open, candles.high, candles.low, candles.close


def _not_numbers(candles: Candles) -> Mask:
    columns = (*_prices(candles), candles.volume)
    return np.asarray(~np.logical_and.reduce([np.isfinite(c) for c in columns]))


def _not_positive(candles: Candles) -> Mask:
    return np.asarray(np.logical_or.reduce([p <= 0 for p in _prices(candles)]))


def _outside(candles: Candles) -> Mask:
    top = np.maximum(candles.open, candles.close)
    bottom = np.minimum(candles.open, candles.close)
    return np.asarray((top > candles.high) | (bottom < candles.low))


_RULES: tuple[tuple[str, Callable[[Candles], Mask]], ...] = (
    ("a value that is not a number", _not_numbers),
    ("a price of zero or less", _not_positive),
    ("a high below the low", lambda c: np.asarray(c.high < c.low)),
    ("an open or close outside high and low", _outside),
    ("a negative volume", lambda c: np.asarray(c.volume < 0)),
)
