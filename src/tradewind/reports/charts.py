"""Charts as inline SVG: curves stretch to any width; labels are text of the page and stay readable.

Colours come from the style sheet by class, so the same picture serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradewind.reports.axes import factor_ticks, time_ticks, value_ticks

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

_POINTS = 600  # buckets across: more than the pixels of most columns
_SIZE = 1000.0  # the drawing is a square of this many units, stretched by the page


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A named curve; `css` chooses its colour, `last` is what the legend says beside the name."""

    name: str
    time: Times
    value: Floats
    css: str
    last: str = ""


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    log: bool = False

    def __call__(self, values: Floats) -> Floats:
        """Units from the top."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        if self.log:
            values = np.log(values)
        return np.asarray((high - values) / (high - low) * _SIZE)


def thin(time: Times, value: Floats, buckets: int = _POINTS) -> tuple[Times, Floats]:
    """At most 2 points a bucket, its lowest and highest, so that no spike is lost; the ends are kept."""
    if len(value) <= 2 * buckets:
        return time, value
    edges = np.linspace(0, len(value), buckets + 1).astype(int)
    keep = {0, len(value) - 1}
    for a, b in pairwise(edges):
        keep.update((a + int(value[a:b].argmin()), a + int(value[a:b].argmax())))
    rows = np.array(sorted(keep))
    return time[rows], value[rows]


def averaged(time: Times, value: Floats, buckets: int = _POINTS) -> tuple[Times, Floats]:
    """The mean of each bucket at its middle: for what jumps to and fro."""
    if len(value) <= buckets:
        return time, value
    edges = np.linspace(0, len(value), buckets + 1).astype(int)
    return time[(edges[:-1] + edges[1:]) // 2], np.add.reduceat(value, edges[:-1]) / np.diff(edges)


def line_chart(
    lines: Sequence[Line],
    form: Callable[[float], str],
    *,
    label: str,
    reference: float | None = None,
    filled: bool = False,
    log: bool = False,
    height_rem: float = 19,
) -> str:
    """Curves over time on one scale. `reference` draws a stronger line; `filled` fills from there."""
    thinned = [thin(line.time, line.value) for line in lines]
    scale = _scale_of([value for _, value in thinned], reference, log)
    start, end = int(min(t[0] for t, _ in thinned)), int(max(t[-1] for t, _ in thinned))
    ticks = (
        factor_ticks(scale.low, scale.high)
        if log
        else value_ticks(scale.low, scale.high, max(3, round(height_rem / 2.6)))
    )
    drawn = [_rule(scale, tick, "grid") for tick in ticks]
    if reference is not None:
        drawn.append(_rule(scale, reference, "reference"))
    for line, (time, value) in reversed(list(zip(lines, thinned))):
        points = _points(time, scale(value), start, end)
        if filled and reference is not None:
            base = float(scale(np.array([reference]))[0])
            drawn.append(f'<path class="area {line.css}" d="{_area(points, base)}"/>')
        drawn.append(f'<path class="line {line.css}" d="M{"L".join(points)}"/>')
    labels = [_left_label(scale, tick, form) for tick in ticks] + _time_labels(start, end)
    return (
        _frame("".join(drawn), "".join(labels), label, height_rem)
        if len(lines) == 1
        else (_legend(lines) + _frame("".join(drawn), "".join(labels), label, height_rem))
    )


def strip(time: Times, weight: Floats, bound: float, label: str) -> str:
    """One instrument's weight as a band: long above the middle, short below."""
    times, values = averaged(time, weight)
    start, end = int(time[0]), max(int(time[-1]), int(time[0]) + 1)
    scale = _Scale(-bound if (weight < 0).any() else 0.0, bound)
    zero = float(scale(np.zeros(1))[0])
    parts = [_rule(scale, 0.0, "reference")]
    for css, side in (("long", np.maximum(values, 0)), ("short", np.minimum(values, 0))):
        if side.any():
            parts.append(
                f'<path class="area {css}" d="{_area(_points(times, scale(side), start, end), zero)}"/>'
            )
    return _frame("".join(parts), "", label, 2.6, "strip")


def histogram(values: Floats, label: str, form: Callable[[float], str], mark: float | None = None) -> str:
    """How often each size of return occurred: losses, gains and exact zeros in their colours, which stand one on
    the other in a column that has both. `mark` is a dashed line.
    """
    low, high = float(values.min()), float(values.max())
    reach = max(abs(low), abs(high), 1e-12)
    width = max((high - low) / min(41, max(9, int(math.sqrt(len(values)) * 2))), reach / 1000)
    first, last = math.floor(low / width), math.floor(high / width) + 1
    edges = np.arange(first, last + 1) * width
    tallest = np.histogram(values, edges)[0].max()
    column = _SIZE / (len(edges) - 1)
    floors = np.full(len(edges) - 1, _SIZE)
    bars = []
    for css, part in (("still", values == 0), ("short", values < 0), ("long", values > 0)):
        for i, amount in enumerate(np.histogram(values[part], edges)[0]):
            height = _SIZE * amount / tallest
            floors[i] -= height
            if amount:
                bars.append(
                    f'<rect class="bar {css}" x="{i * column + column * 0.06:.1f}" y="{floors[i]:.1f}" '
                    f'width="{column * 0.88:.1f}" height="{height:.1f}"/>'
                )
    across = float(edges[-1] - edges[0])
    if mark is not None and edges[0] <= mark <= edges[-1]:
        x = (mark - edges[0]) / across * _SIZE
        bars.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_SIZE:g}"/>')
    ticks = value_ticks(float(edges[0]), float(edges[-1]), 8)
    labels = [_bottom_label((t - edges[0]) / across, form(t), i) for i, t in enumerate(ticks)]
    return _frame("".join(bars), "".join(labels), label, 12, "wide")


def _scale_of(values: Sequence[Floats], reference: float | None, log: bool) -> _Scale:
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    if reference is not None:
        low, high = min(low, reference), max(high, reference)
    if log:
        return _Scale(low / (high / low) ** 0.03, high * (high / low) ** 0.03, True)
    margin = 0.03 * (high - low) or max(abs(high), 1.0) * 0.01
    return _Scale(low - margin, high + margin)


def _points(time: Times, y: Floats, start: int, end: int) -> list[str]:
    x = (time - start) / max(end - start, 1) * _SIZE
    return [f"{a:.1f},{b:.1f}" for a, b in zip(x, y)]


def _area(points: list[str], base: float) -> str:
    first, last = points[0].split(",")[0], points[-1].split(",")[0]
    return f"M{first},{base:.1f}L{'L'.join(points)}L{last},{base:.1f}Z"


def _rule(scale: _Scale, value: float, css: str) -> str:
    y = float(scale(np.array([value]))[0])
    return f'<line class="{css}" x1="0" x2="{_SIZE:g}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _left_label(scale: _Scale, tick: float, form: Callable[[float], str]) -> str:
    top = float(scale(np.array([tick]))[0]) / _SIZE
    return f'<span class="tick y" style="top:{top:.2%}">{escape(form(tick))}</span>'


def _bottom_label(share: float, text: str, i: int) -> str:
    css = "tick x odd" if i % 2 else "tick x"
    return f'<span class="{css}" style="left:{share:.2%}">{escape(text)}</span>'


def _time_labels(start: int, end: int) -> list[str]:
    shares = [((ms - start) / max(end - start, 1), text) for ms, text in time_ticks(start, end)]
    inside = [(share, text) for share, text in shares if 0.015 <= share <= 0.985]
    clocks = [":" in text for _, text in inside]
    if any(clocks) and not all(clocks):  # where there is little room, the days stay and the hours go
        return [_bottom_label(share, text, int(":" in text)) for share, text in inside]
    return [_bottom_label(share, text, i) for i, (share, text) in enumerate(inside)]


def _legend(lines: Sequence[Line]) -> str:
    items = "".join(
        f'<li class="{line.css}"><i></i>{escape(line.name)} <b>{escape(line.last)}</b></li>' for line in lines
    )
    return f'<ul class="legend">{items}</ul>'


def _frame(drawn: str, labels: str, label: str, height_rem: float, css: str = "") -> str:
    return (
        f'<div class="chart {css}" style="height:{height_rem:g}rem"><svg viewBox="0 0 {_SIZE:g} {_SIZE:g}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{drawn}</svg>{labels}</div>'
    )
