"""Ring buffers and exponential averages inside a flat state: what the indicator steps are made of."""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled


@compiled
def ring_push(s: Any, at: int, n: int, x: float) -> float:
    """Put x in the ring [position, n values] at `at`; the value that leaves (0 while it still fills)."""
    i = int(s[at])
    left = s[at + 1 + i]
    s[at + 1 + i] = x
    s[at] = 0 if i + 1 == n else i + 1
    return float(left)


@compiled
def ring_sum(s: Any, at: int, n: int) -> float:
    """The sum of a full ring, oldest first: the order never depends on where the ring stands."""
    i = int(s[at])
    total = 0.0
    for k in range(i, n):
        total += s[at + 1 + k]
    for k in range(i):
        total += s[at + 1 + k]
    return total


@compiled
def ring_squares(s: Any, at: int, n: int, mean: float) -> float:
    """The sum of squared distances from `mean`, oldest first."""
    i = int(s[at])
    total = 0.0
    for k in range(i, n):
        d = s[at + 1 + k] - mean
        total += d * d
    for k in range(i):
        d = s[at + 1 + k] - mean
        total += d * d
    return total


@compiled
def ring_distances(s: Any, at: int, n: int, mean: float) -> float:
    """The sum of absolute distances from `mean`, oldest first."""
    i = int(s[at])
    total = 0.0
    for k in range(i, n):
        total += abs(s[at + 1 + k] - mean)
    for k in range(i):
        total += abs(s[at + 1 + k] - mean)
    return total


@compiled
def ring_is_flat(s: Any, at: int, n: int) -> bool:
    """True when every value of a full ring is the same, bit for bit."""
    for k in range(1, n):  # noqa: SIM110 (all() is slower compiled)
        if s[at + 1 + k] != s[at + 1]:
            return False
    return True


@compiled
def count_up(s: Any, at: int, limit: int) -> bool:
    """Count this bar; True once `limit` bars have been seen."""
    if s[at] < limit:
        s[at] += 1.0
    return bool(s[at] >= limit)


@compiled
def average_step(s: Any, at: int, n: int, seed_first: bool, x: float) -> float:
    """Exponential average in [count, value] at `at`; NaN before n values.

    Seeded by the mean of the first n values, or with `seed_first` by the very first one.
    """
    count = s[at]
    if seed_first:
        if count == 0.0:
            s[at + 1] = x
        else:
            s[at + 1] += (x - s[at + 1]) * (2.0 / (n + 1.0))
    elif count < n:
        s[at + 1] += x
        if count + 1.0 == n:
            s[at + 1] /= n
    else:
        s[at + 1] += (x - s[at + 1]) * (2.0 / (n + 1.0))
    if count < n:
        s[at] = count + 1.0
    return float(s[at + 1]) if s[at] >= n else math.nan


@compiled
def true_range(previous_close: float, h: float, l: float) -> float:  # noqa: E741
    """The range of a bar, its gap from the last close included."""
    return float(max(h - l, abs(h - previous_close), abs(l - previous_close)))
