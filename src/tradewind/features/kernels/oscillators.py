"""RSI, directional movement, CCI, Williams %R, the ultimate oscillator. Neutral values are TA-Lib's."""
# ruff: noqa: E741

from __future__ import annotations

from typing import Any

from tradewind.compiled import compiled
from tradewind.features.kernels.windows import (
    count_up,
    ring_distances,
    ring_is_flat,
    ring_push,
    ring_sum,
    true_range,
)


@compiled
def rsi_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: RSI in [0, 100], as fraction in [0, 1], centred in [-1, 1]. p[0] bars, seed p[1].

    State: bars seen, last close, average gain, average loss. Without any move in its memory it is 0 as in
    TA-Lib (100 seeded by the first value, as the `ta` package has it); the centred one is 0.
    """
    n = p[q]
    first = p[q + 1] > 0.0
    seen = s[at + 3]
    change = c - s[at + 4] if seen > 0.0 else 0.0
    gain = change if change > 0.0 else 0.0
    loss = -change if change < 0.0 else 0.0
    s[at + 4] = c
    if not first and seen <= n:
        s[at + 5] += gain
        s[at + 6] += loss
        if seen == n:
            s[at + 5] /= n
            s[at + 6] /= n
    else:
        s[at + 5] = (s[at + 5] * (n - 1.0) + gain) / n
        s[at + 6] = (s[at + 6] * (n - 1.0) + loss) / n
    if count_up(s, at + 3, int(n) if first else int(n) + 1):
        moved = s[at + 5] + s[at + 6]
        if moved > 0.0:
            s[at] = 100.0 * (s[at + 5] / moved)
            s[at + 2] = (s[at + 5] - s[at + 6]) / moved
        else:
            s[at] = 100.0 if first else 0.0
            s[at + 2] = 0.0
        s[at + 1] = s[at] / 100.0


@compiled
def directional_step(
    s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float
) -> None:
    """Outputs: DX, ADX, +DI, -DI in [0, 100], ADX / 100, (+DI - -DI) / (+DI + -DI) in [-1, 1].

    State: bars seen, last high, low, close, smoothed +DM, -DM, TR, sum of the first DX.
    Without any true range the outputs stay as they were (0 at their first bar).
    """
    n = p[q]
    seen = s[at + 6]
    if seen > 0.0:
        up, down = h - s[at + 7], s[at + 8] - l
        plus = up if up > 0.0 and up > down else 0.0
        minus = down if down > 0.0 and down > up else 0.0
        keep = 1.0 if seen < n else 1.0 - 1.0 / n
        s[at + 10] = s[at + 10] * keep + plus
        s[at + 11] = s[at + 11] * keep + minus
        s[at + 12] = s[at + 12] * keep + true_range(s[at + 9], h, l)
    s[at + 7] = h
    s[at + 8] = l
    s[at + 9] = c
    if seen >= n:
        _directional_outputs(s, at, n, seen)
    if seen < 2.0 * n:
        s[at + 6] = seen + 1.0


@compiled
def _directional_outputs(s: Any, at: int, n: float, seen: float) -> None:
    moved = False
    if seen == n:
        s[at], s[at + 2], s[at + 3], s[at + 5] = 0.0, 0.0, 0.0, 0.0
    if s[at + 12] > 0.0:
        s[at + 2] = 100.0 * (s[at + 10] / s[at + 12])
        s[at + 3] = 100.0 * (s[at + 11] / s[at + 12])
        both = s[at + 2] + s[at + 3]
        if both > 0.0:
            s[at] = 100.0 * (abs(s[at + 3] - s[at + 2]) / both)
            s[at + 5] = (s[at + 2] - s[at + 3]) / both
            moved = True
    if seen < 2.0 * n:
        s[at + 13] += s[at] if moved else 0.0
        if seen == 2.0 * n - 1.0:
            s[at + 1] = s[at + 13] / n
    elif moved:
        s[at + 1] = (s[at + 1] * (n - 1.0) + s[at]) / n
    s[at + 4] = s[at + 1] / 100.0


@compiled
def cci_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: commodity channel index over p[0] bars; 0 in a flat window."""
    n = int(p[q])
    typical = (h + l + c) / 3.0
    ring_push(s, at + 2, n, typical)
    if count_up(s, at + 1, n):
        mean = ring_sum(s, at + 2, n) / n
        spread = ring_distances(s, at + 2, n, mean)
        away = typical - mean
        still = spread == 0.0 or ring_is_flat(s, at + 2, n)  # a flat mean can miss its price by a bit
        s[at] = 0.0 if still else away / (0.015 * (spread / n))


@compiled
def willr_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: Williams %R in [-100, 0] over p[0] bars; 0 in a flat window. Rings of highs and lows."""
    n = int(p[q])
    highs, lows = at + 2, at + 3 + n
    ring_push(s, highs, n, h)
    ring_push(s, lows, n, l)
    if count_up(s, at + 1, n):
        top, bottom = s[highs + 1], s[lows + 1]
        for k in range(1, n):
            top = max(top, s[highs + 1 + k])
            bottom = min(bottom, s[lows + 1 + k])
        s[at] = -100.0 * ((top - c) / (top - bottom)) if top > bottom else 0.0


@compiled
def ultosc_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: ultimate oscillator in [0, 100] over p[0] < p[1] < p[2] bars; a window without range adds 0."""
    short, middle, long = int(p[q]), int(p[q + 1]), int(p[q + 2])
    pressures, ranges = at + 3, at + 4 + long
    if s[at + 1] > 0.0:
        last = s[at + 2]
        ring_push(s, pressures, long, c - min(l, last))
        ring_push(s, ranges, long, true_range(last, h, l))
    s[at + 2] = c
    if not count_up(s, at + 1, long + 1):
        return
    i = int(s[pressures])
    pressure, width, total = 0.0, 0.0, 0.0
    for k in range(1, long + 1):  # newest first
        j = i - k if i >= k else i - k + long
        pressure += s[pressures + 1 + j]
        width += s[ranges + 1 + j]
        if width > 0.0:
            if k == short:
                total += 4.0 * (pressure / width)
            if k == middle:
                total += 2.0 * (pressure / width)
            if k == long:
                total += pressure / width
    s[at] = 100.0 * (total / 7.0)
