"""Where the ticks of an axis stand, and what they say."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from tradewind.reports.numbers import MONTHS

_HOUR, _DAY = 3_600_000, 86_400_000
_STEPS = (
    _HOUR // 12,
    _HOUR // 4,
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    _DAY,
    2 * _DAY,
    7 * _DAY,
    14 * _DAY,
)
_MONDAY = 4 * _DAY  # the epoch was a Thursday


def value_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values within [low, high], about as many as wanted."""
    if not high > low:
        return [low]
    raw = (high - low) / wanted
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def factor_ticks(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    wide = high / low > 300
    ticks = [m * 10.0**d for d in decades for m in ((1,) if wide else (1, 2, 5))]
    return [t for t in ticks if low <= t <= high]


def time_ticks(start_ms: int, end_ms: int, wanted: int = 7) -> list[tuple[int, str]]:
    """Round moments (UTC) within the span, with their labels."""
    length = end_ms - start_ms
    for step in _STEPS:
        if length / step <= wanted:
            offset = _MONDAY if step >= 7 * _DAY else 0
            first = -((offset - start_ms) // step) * step + offset
            return [(t, _day_label(t, step)) for t in range(first, end_ms + 1, step)]
    return _month_ticks(start_ms, end_ms, wanted)


def _day_label(ms: int, step: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    if step < _DAY and (at.hour or at.minute):
        return f"{at:%H:%M}"
    return f"{at.day} {MONTHS[at.month - 1]}"


def _month_ticks(start_ms: int, end_ms: int, wanted: int) -> list[tuple[int, str]]:
    start, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (start_ms, end_ms))
    first, last = start.year * 12 + start.month - 1, end.year * 12 + end.month - 1
    widths = (1, 2, 3, 6, *(12 * k for k in (1, 2, 5, 10)))
    step = next((w for w in widths if (last - first) / w <= wanted), 240)
    ticks = []
    for month in range(-(-first // step) * step, last + 1, step):
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        label = str(at.year) if step >= 12 or at.month == 1 else MONTHS[at.month - 1]
        if start <= at <= end:
            ticks.append((int(at.timestamp() * 1000), label))
    return ticks
