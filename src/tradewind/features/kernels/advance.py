"""The one function that moves every feature of a plan over closed bars: the batch gives it the history,
the stream one row at a time. It is the same machine code for both, so the bits are the same.
"""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled
from tradewind.features.kernels.cycle import hilbert_step
from tradewind.features.kernels.dispersion import (
    atr_step,
    bollinger_step,
    spread_step,
    volatility_step,
    z_score_step,
)
from tradewind.features.kernels.flow import obv_step, volume_flow_step, volume_ratio_step, vwap_step
from tradewind.features.kernels.oscillators import (
    cci_step,
    directional_step,
    rsi_step,
    ultosc_step,
    willr_step,
)
from tradewind.features.kernels.trend import (
    bar_step,
    ema_step,
    lag_step,
    macd_step,
    shape_step,
    sma_step,
    trend_step,
)

BAR, SHAPE, LAG, SMA, EMA, TREND, MACD = 0, 1, 2, 3, 4, 5, 6
RSI, DIRECTIONAL, CCI, WILLR, ULTOSC = 10, 11, 12, 13, 14
ATR, BOLLINGER, Z_SCORE, SPREAD, VOLATILITY = 20, 21, 22, 23, 24
OBV, VOLUME_FLOW, VWAP, VOLUME_RATIO = 30, 31, 32, 33
HILBERT = 40

# A higher timeframe folds bars in a block of its own: open bar or not, its period, o, h, l, c, v.
FOLD_SIZE = 7


@compiled
def step_indicator(
    code: int, s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float
) -> None:
    """Advance one indicator block by one closed bar."""
    if code < 10:
        if code == BAR:
            bar_step(s, at, p, q, o, h, l, c, v)
        elif code == SHAPE:
            shape_step(s, at, p, q, o, h, l, c, v)
        elif code == LAG:
            lag_step(s, at, p, q, o, h, l, c, v)
        elif code == SMA:
            sma_step(s, at, p, q, o, h, l, c, v)
        elif code == EMA:
            ema_step(s, at, p, q, o, h, l, c, v)
        elif code == TREND:
            trend_step(s, at, p, q, o, h, l, c, v)
        elif code == MACD:
            macd_step(s, at, p, q, o, h, l, c, v)
    elif code < 20:
        if code == RSI:
            rsi_step(s, at, p, q, o, h, l, c, v)
        elif code == DIRECTIONAL:
            directional_step(s, at, p, q, o, h, l, c, v)
        elif code == CCI:
            cci_step(s, at, p, q, o, h, l, c, v)
        elif code == WILLR:
            willr_step(s, at, p, q, o, h, l, c, v)
        elif code == ULTOSC:
            ultosc_step(s, at, p, q, o, h, l, c, v)
    elif code < 30:
        if code == ATR:
            atr_step(s, at, p, q, o, h, l, c, v)
        elif code == BOLLINGER:
            bollinger_step(s, at, p, q, o, h, l, c, v)
        elif code == Z_SCORE:
            z_score_step(s, at, p, q, o, h, l, c, v)
        elif code == SPREAD:
            spread_step(s, at, p, q, o, h, l, c, v)
        elif code == VOLATILITY:
            volatility_step(s, at, p, q, o, h, l, c, v)
    elif code == OBV:
        obv_step(s, at, p, q, o, h, l, c, v)
    elif code == VOLUME_FLOW:
        volume_flow_step(s, at, p, q, o, h, l, c, v)
    elif code == VWAP:
        vwap_step(s, at, p, q, o, h, l, c, v)
    elif code == VOLUME_RATIO:
        volume_ratio_step(s, at, p, q, o, h, l, c, v)
    elif code == HILBERT:
        hilbert_step(s, at, p, q, o, h, l, c, v)


@compiled
def fold_is_over(s: Any, at: int, open_time: int, higher_ms: int) -> bool:
    """True when the folded bar's last rows were masked, so that it closed before this bar opened."""
    return bool(s[at] > 0.0 and s[at + 1] != open_time // higher_ms)


@compiled
def fold_bar(
    s: Any,
    at: int,
    open_time: int,
    step_ms: int,
    higher_ms: int,
    origin: int,
    o: float,
    h: float,
    l: float,
    c: float,
    v: float,
) -> bool:
    """Add a bar to the folded one; True when it closes it. A period that began before `origin`, the open
    of the fragment's first row, is left out: its bar would be half a bar."""
    period = open_time // higher_ms
    if period * higher_ms < origin:
        return False
    if s[at] == 0.0:
        s[at] = 1.0
        s[at + 1] = period
        s[at + 2] = o
        s[at + 3] = h
        s[at + 4] = l
        s[at + 6] = 0.0
    s[at + 3] = max(s[at + 3], h)
    s[at + 4] = min(s[at + 4], l)
    s[at + 5] = c
    s[at + 6] += v
    return bool(open_time + step_ms == (period + 1) * higher_ms)


@compiled
def _step_group(
    indicators: Any, first: int, last: int, s: Any, base: int, p: Any,
    o: float, h: float, l: float, c: float, v: float,
) -> None:  # fmt: skip
    for i in range(first, last):
        step_indicator(indicators[i, 0], s, base + indicators[i, 1], p, indicators[i, 2], o, h, l, c, v)


@compiled
def usable(o: float, h: float, l: float, c: float, v: float) -> bool:
    """Finite positive prices in their range, and a volume of zero or more."""
    return bool(
        l > 0.0 and h < math.inf and v >= 0.0 and v < math.inf and l <= o and o <= h and l <= c and c <= h
    )


@compiled
def first_unusable(o: Any, h: Any, l: Any, c: Any, v: Any, tradable: Any, start: int, stop: int) -> int:
    """row * A + instrument of the first tradable bar in [start, stop) that is no bar, or -1."""
    for t in range(start, stop):
        for a in range(tradable.shape[1]):
            if tradable[t, a] and not usable(o[t, a], h[t, a], l[t, a], c[t, a], v[t, a]):
                return t * int(tradable.shape[1]) + a
    return -1


@compiled
def advance(
    indicators: Any,  # int64 [I, 3]: code, block in the state row, first parameter
    groups: Any,  # int64 [G, 4]: timeframe ms (0: the bars themselves), first and last indicator, fold block
    params: Any,  # float64 [P]
    slots: Any,  # int64 [C]: where in the state row each column stands, -1: not ours
    state: Any,  # float64 [A * width], flat
    width: int,
    step_ms: int,
    origin: int,  # open time of the fragment's first row
    open_time: Any,  # int64 [T]
    o: Any, h: Any, l: Any, c: Any, v: Any,  # float64 [T, A]
    tradable: Any,  # bool [T, A]
    start: int,
    stop: int,
    out: Any,  # float64 [T, A * C], rows [start, stop) are written
) -> None:  # fmt: skip
    """Advance every indicator over the rows [start, stop) of one fragment. A masked bar changes nothing."""
    columns = slots.shape[0]
    for t in range(start, stop):
        for a in range(tradable.shape[1]):
            base = a * width
            if tradable[t, a]:
                bo, bh, bl, bc, bv = o[t, a], h[t, a], l[t, a], c[t, a], v[t, a]
                for g in range(groups.shape[0]):
                    higher, first, last, fold = groups[g, 0], groups[g, 1], groups[g, 2], base + groups[g, 3]
                    # one place that steps, so that the indicators are compiled once: a folded bar may
                    # close late, found by this bar, and this bar may close the next
                    for turn in range(2 if higher > 0 else 1):
                        if higher > 0:
                            if turn == 0:
                                closed = fold_is_over(state, fold, open_time[t], higher)
                            else:
                                closed = fold_bar(
                                    state, fold, open_time[t], step_ms, higher, origin,
                                    o[t, a], h[t, a], l[t, a], c[t, a], v[t, a],
                                )  # fmt: skip
                            if not closed:
                                continue
                            state[fold] = 0.0
                            bo, bh, bl = state[fold + 2], state[fold + 3], state[fold + 4]
                            bc, bv = state[fold + 5], state[fold + 6]
                        _step_group(indicators, first, last, state, base, params, bo, bh, bl, bc, bv)
            for k in range(columns):
                if slots[k] >= 0:
                    out[t, a * columns + k] = state[base + slots[k]]


@compiled
def rank_columns(
    ranked: Any,  # int64 [R, 2]: column, slot of its last rank in the state row
    columns: int,
    state: Any,
    width: int,
    tradable: Any,
    start: int,
    stop: int,
    out: Any,
) -> None:
    """Replace ranked columns by the rank among the unmasked instruments of the row, in [-1, 1].

    Ties share the middle; alone the rank is 0; a NaN has none; a masked instrument keeps its last one.
    """
    for t in range(start, stop):
        for r in range(ranked.shape[0]):
            column, slot = ranked[r, 0], ranked[r, 1]
            for a in range(tradable.shape[1]):
                if tradable[t, a]:
                    state[a * width + slot] = _rank(out, t, column, columns, tradable, a)
            for a in range(tradable.shape[1]):
                out[t, a * columns + column] = state[a * width + slot]


@compiled
def _rank(out: Any, t: int, column: int, columns: int, tradable: Any, own: int) -> float:
    x = out[t, own * columns + column]
    if not x == x:  # NaN  # noqa: SIM201
        return math.nan
    below, above = 0, 0
    others = 0
    for a in range(tradable.shape[1]):
        y = out[t, a * columns + column]
        if a != own and tradable[t, a] and y == y:
            others += 1
            below += 1 if y < x else 0
            above += 1 if y > x else 0
    return (below - above) / others if others > 0 else 0.0
