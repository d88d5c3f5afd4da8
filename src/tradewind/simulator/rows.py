"""What is known at each close beside prices: typical volume, the clock, the benchmark.

One compiled function writes one row; history is a loop over it, the live engine calls it once a bar.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tradewind.account.books import MS_PER_DAY
from tradewind.compiled import compiled

MS_PER_WEEK = 7 * MS_PER_DAY
WEEK_STARTS = 4 * MS_PER_DAY  # 1970-01-01 was a Thursday; weeks start on Monday
TAU = 2.0 * math.pi


def volume_state(instruments: int, window: int) -> tuple[Any, Any]:
    """(ring [A, window], counts [A]): what the trailing mean volume remembers."""
    return np.zeros((instruments, window)), np.zeros(instruments, np.int64)


@compiled
def describe_row(
    bars: Any, rows: Any, clock: Any, row: int, fresh: bool, volumes: Any, ring: Any, counts: Any
) -> None:
    """Complete bars[row], rows[row] and clock[row]; `fresh` starts a segment, so nothing before counts."""
    if fresh:
        for a in range(counts.shape[0]):
            counts[a] = 0
    total = 0.0
    seen = 0
    for a in range(bars.shape[1]):
        bar = bars[row, a]
        if bar.tradable != 0:
            _remember(ring, counts, a, volumes[row, a])
        bar.typical_volume = _typical(ring, counts, a)
        if not fresh and bar.tradable != 0 and bars[row - 1, a].tradable != 0:
            total += bar.close / bars[row - 1, a].close - 1.0
            seen += 1
    rows[row].benchmark_return = total / seen if seen > 0 else 0.0
    _tell_time(clock, row, rows[row].close_time)


@compiled
def _remember(ring: Any, counts: Any, a: int, volume: float) -> None:
    ring[a, counts[a] % ring.shape[1]] = volume
    counts[a] += 1


@compiled
def _typical(ring: Any, counts: Any, a: int) -> float:
    """Mean of the last window of volumes, summed from the oldest on, so that only their values matter."""
    window = ring.shape[1]
    kept = min(counts[a], window)
    if kept == 0:
        return 0.0
    total = 0.0
    for i in range(counts[a] - kept, counts[a]):
        total += ring[a, i % window]
    return total / kept


@compiled
def _tell_time(clock: Any, row: int, close_time: int) -> None:
    day = (close_time % MS_PER_DAY) / MS_PER_DAY * TAU
    week = ((close_time - WEEK_STARTS) % MS_PER_WEEK) / MS_PER_WEEK * TAU
    clock[row, 0] = math.sin(day)
    clock[row, 1] = math.cos(day)
    clock[row, 2] = math.sin(week)
    clock[row, 3] = math.cos(week)


@compiled
def describe_history(
    bars: Any, rows: Any, clock: Any, fragments: Any, volumes: Any, ring: Any, counts: Any
) -> None:
    """`describe_row` over every row of every fragment."""
    for k in range(fragments.shape[0]):
        for row in range(fragments[k, 0], fragments[k, 1]):
            describe_row(bars, rows, clock, row, row == fragments[k, 0], volumes, ring, counts)
