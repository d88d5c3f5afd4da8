"""How far prices move: ATR, Bollinger bands, z-scores, realised volatility."""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled
from tradewind.features.kernels.windows import (
    count_up,
    ring_is_flat,
    ring_push,
    ring_squares,
    ring_sum,
    true_range,
)


@compiled
def atr_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: average true range (Wilder, p[0] bars), the same as a fraction of the close."""
    n = p[q]
    seen = s[at + 2]
    if seen > 0.0:
        width = true_range(s[at + 3], h, l)
        if seen <= n:
            s[at + 4] += width
            if seen == n:
                s[at + 4] /= n
        else:
            s[at + 4] = (s[at + 4] * (n - 1.0) + width) / n
    s[at + 3] = c
    if count_up(s, at + 2, int(n) + 1):
        s[at] = s[at + 4]
        s[at + 1] = s[at + 4] / c


@compiled
def bollinger_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: upper, middle, lower, position in the band (0 lower, 1 upper), width / middle.

    p[0] bars, p[1] standard deviations (of the population). In a flat window the bands are one and the
    position is 0.5.
    """
    n = int(p[q])
    ring_push(s, at + 6, n, c)
    if not count_up(s, at + 5, n):
        return
    middle = ring_sum(s, at + 6, n) / n
    half = p[q + 1] * math.sqrt(ring_squares(s, at + 6, n, middle) / n)
    if ring_is_flat(s, at + 6, n):
        middle, half = c, 0.0
    s[at] = middle + half
    s[at + 1] = middle
    s[at + 2] = middle - half
    s[at + 3] = 0.5 + 0.5 * ((c - middle) / half) if half > 0.0 else 0.5
    s[at + 4] = 2.0 * half / middle


@compiled
def z_score_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: (close - mean) / population deviation over p[0] closes; 0 in a flat window."""
    n = int(p[q])
    ring_push(s, at + 2, n, c)
    if count_up(s, at + 1, n):
        mean = ring_sum(s, at + 2, n) / n
        deviation = math.sqrt(ring_squares(s, at + 2, n, mean) / n)
        s[at] = (c - mean) / deviation if not ring_is_flat(s, at + 2, n) and deviation > 0.0 else 0.0


@compiled
def spread_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: z-score of the spread between close and its mean, its zone, its change since the last bar.

    Mean over p[0] closes, z-score over p[1] spreads with the sample deviation + 1e-8. Zones: 1 above 2,
    0.5 above 0.5, 0 down to -0.5, -0.5 down to -2, else -1. Shown once all p[1] spreads have full means.
    """
    n, m = int(p[q]), int(p[q + 1])
    closes, spreads = at + 5, at + 6 + n
    ring_push(s, closes, n, c)
    if not count_up(s, at + 3, n):
        return
    spread = c - ring_sum(s, closes, n) / n
    if ring_is_flat(s, closes, n):
        spread = 0.0
    ring_push(s, spreads, m, spread)
    if not count_up(s, at + 4, m):
        return
    mean = ring_sum(s, spreads, m) / m
    deviation = math.sqrt(ring_squares(s, spreads, m, mean) / (m - 1.0))
    z = (spread - mean) / (deviation + 1e-8)
    s[at + 2] = z - s[at]  # NaN at the first
    s[at] = z
    s[at + 1] = _zone(z)


@compiled
def _zone(z: float) -> float:
    if z > 2.0:
        return 1.0
    if z > 0.5:
        return 0.5
    if z >= -0.5:
        return 0.0
    return -0.5 if z >= -2.0 else -1.0


@compiled
def volatility_step(
    s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float
) -> None:
    """Output: sample standard deviation of the last p[0] log returns, per bar; 0 when they are all equal."""
    n = int(p[q])
    if s[at + 1] > 0.0:
        ring_push(s, at + 3, n, math.log(c / s[at + 2]))
    s[at + 2] = c
    if count_up(s, at + 1, n + 1):
        mean = ring_sum(s, at + 3, n) / n
        flat = ring_is_flat(s, at + 3, n)
        s[at] = 0.0 if flat else math.sqrt(ring_squares(s, at + 3, n, mean) / (n - 1.0))
