"""Price itself, lags, averages and what compares them."""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled
from tradewind.features.kernels.windows import average_step, count_up, ring_push, ring_sum


@compiled
def bar_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: open, high, low, close, volume."""
    s[at] = o
    s[at + 1] = h
    s[at + 2] = l
    s[at + 3] = c
    s[at + 4] = v


@compiled
def shape_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: body ln(c/o), range ln(h/l), close location in [-1, 1] (0 on a bar without range)."""
    s[at] = math.log(c / o)
    s[at + 1] = math.log(h / l)
    s[at + 2] = (c - l - (h - c)) / (h - l) if h > l else 0.0


@compiled
def lag_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: log return, simple return, rate of change in percent, over p[0] bars. Ring of p[0]."""
    n = int(p[q])
    then = ring_push(s, at + 4, n, c)
    if count_up(s, at + 3, n + 1):
        s[at] = math.log(c / then)
        s[at + 1] = c / then - 1.0
        s[at + 2] = (c / then - 1.0) * 100.0


@compiled
def sma_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: mean of p[0] closes, distance of the close from it (fraction)."""
    n = int(p[q])
    ring_push(s, at + 3, n, c)
    if count_up(s, at + 2, n):
        mean = ring_sum(s, at + 3, n) / n
        s[at] = mean
        s[at + 1] = c / mean - 1.0


@compiled
def ema_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: exponential average of span p[0] (seed p[1]), distance of the close from it (fraction)."""
    mean = average_step(s, at + 2, int(p[q]), p[q + 1] > 0.0, c)
    s[at] = mean
    s[at + 1] = c / mean - 1.0


@compiled
def trend_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Output: (fast average - slow average) / close; spans p[0] < p[1]."""
    fast = average_step(s, at + 1, int(p[q]), False, c)
    slow = average_step(s, at + 3, int(p[q + 1]), False, c)
    s[at] = (fast - slow) / c


@compiled
def macd_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: line, signal, histogram, then the three as fractions of the close.

    Spans p[0] fast, p[1] slow, p[2] signal, seed p[3]. Seeded by means, the fast average starts on the
    bar on which the slow one does, as in TA-Lib; none of the outputs shows before the signal is there.
    """
    fast_span, slow_span, first = int(p[q]), int(p[q + 1]), p[q + 3] > 0.0
    fast = math.nan
    if first or s[at + 6] >= slow_span - fast_span:
        fast = average_step(s, at + 7, fast_span, first, c)
    count_up(s, at + 6, slow_span)
    slow = average_step(s, at + 9, slow_span, first, c)
    if s[at + 6] < slow_span:
        return
    line = fast - slow
    signal = average_step(s, at + 11, int(p[q + 2]), first, line)
    if signal == signal:  # not NaN
        s[at] = line
        s[at + 1] = signal
        s[at + 2] = line - signal
        s[at + 3] = line / c
        s[at + 4] = signal / c
        s[at + 5] = (line - signal) / c
