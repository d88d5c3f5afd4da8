"""What volume says. A window without any volume says nothing: NaN."""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled
from tradewind.features.kernels.windows import count_up, ring_push, ring_sum


@compiled
def obv_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: on-balance volume since the fragment began, with its first bar's volume.

    An unchanged close adds p[0] times its volume: 0 as in TA-Lib, 1 as in the `ta` package.
    """
    if s[at + 1] == 0.0:
        s[at + 1] = 1.0
        s[at] = v
    elif c > s[at + 2]:
        s[at] += v
    elif c < s[at + 2]:
        s[at] -= v
    else:
        s[at] += p[q] * v
    s[at + 2] = c


@compiled
def volume_flow_step(
    s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float
) -> None:
    """Output: volume of rising minus falling closes over the last p[0] bars, over all of it; in [-1, 1]."""
    n = int(p[q])
    signed, plain = at + 3, at + 4 + n
    if s[at + 1] > 0.0:
        last = s[at + 2]
        ring_push(s, signed, n, v if c > last else (-v if c < last else 0.0))
        ring_push(s, plain, n, v)
    s[at + 2] = c
    if count_up(s, at + 1, n + 1):
        total = ring_sum(s, plain, n)
        s[at] = ring_sum(s, signed, n) / total if total > 0.0 else math.nan


@compiled
def vwap_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: volume-weighted typical price of the last p[0] bars, distance of the close from it."""
    n = int(p[q])
    money, plain = at + 3, at + 4 + n
    ring_push(s, money, n, (h + l + c) / 3.0 * v)
    ring_push(s, plain, n, v)
    if count_up(s, at + 2, n):
        total = ring_sum(s, plain, n)
        s[at] = ring_sum(s, money, n) / total if total > 0.0 else math.nan
        s[at + 1] = c / s[at] - 1.0


@compiled
def volume_ratio_step(
    s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float
) -> None:
    """Output: volume over its mean of the last p[0] bars, this one included, minus 1."""
    n = int(p[q])
    ring_push(s, at + 2, n, v)
    if count_up(s, at + 1, n):
        mean = ring_sum(s, at + 2, n) / n
        s[at] = v / mean - 1.0 if mean > 0.0 else math.nan
