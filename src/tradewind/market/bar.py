"""A closed candle, and the closed candles of all instruments at one time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from tradewind.market.errors import DataError

Prices = tuple[float, float, float, float, float]  # open, high, low, close, volume


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle, known only at `close_time` (UTC ms, exclusive). Raises `DataError` on impossible values.

    A `mark_*` of NaN is not known: the traded price stands in. `funding_rate` is what is charged at `open_time`
    (0: nothing due).
    """

    open_time: int
    close_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    funding_rate: float = 0.0
    mark_open: float = math.nan
    mark_high: float = math.nan
    mark_low: float = math.nan
    mark_close: float = math.nan

    def __post_init__(self) -> None:
        if self.close_time <= self.open_time:
            raise DataError(f"bar at {self.open_time} closes at {self.close_time}, not after it opened")
        prices = (self.open, self.high, self.low, self.close)
        if not all(math.isfinite(p) and p > 0 for p in prices):
            raise DataError(f"bar at {self.open_time} has prices {prices}: all must be positive and finite")
        if self.high < max(prices) or self.low > min(prices):
            raise DataError(f"bar at {self.open_time} has prices {prices} (o, h, l, c) outside high and low")
        if not (math.isfinite(self.volume) and self.volume >= 0):
            raise DataError(f"bar at {self.open_time} has volume {self.volume}: it must be zero or more")
        marks = (self.mark_open, self.mark_high, self.mark_low, self.mark_close)
        if any(mark <= 0 or math.isinf(mark) for mark in marks):
            raise DataError(
                f"bar at {self.open_time} has mark prices {marks}: all must be positive and finite, or NaN"
            )
        if not math.isfinite(self.funding_rate):
            raise DataError(
                f"bar at {self.open_time} has funding rate {self.funding_rate}: it must be finite, 0 if none is due"
            )


_SLOTS = tuple(getattr(Bar, f.name).__set__ for f in fields(Bar))


def proved_bar(values: Iterable[float]) -> Bar:
    """A `Bar` of all its fields in their order, where one was made of them before: nothing is proved again."""
    bar = object.__new__(Bar)
    for put, value in zip(_SLOTS, values, strict=True):
        put(bar, value)
    return bar


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The closed bars of all instruments of a run at one time, in its order; None where one is missing.

    A missing bar is masked: the position is held and no order is sent for it.
    """

    open_time: int
    close_time: int
    bars: tuple[Bar | None, ...] = field(repr=False)

    @property
    def at(self) -> int:
        """When the snapshot became known: UTC ms."""
        return self.close_time
