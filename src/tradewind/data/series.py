"""Candles of one instrument: raw columns as they came, and the series that the rest of Tradewind trusts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.data.faults import impossible_bars
from tradewind.data.timestamps import utc_text
from tradewind.market import DataError, Instrument, Timeframe

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Columns of n candles, unchecked: any order, any values. `open_time` is UTC ms, volume in base units."""

    open_time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in self.names()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"the columns of one series must be equally long, they have {lengths} rows")

    @staticmethod
    def names() -> tuple[str, ...]:
        return ("open_time", "open", "high", "low", "close", "volume")

    def __len__(self) -> int:
        return len(self.open_time)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Candles:
        """The rows that a mask, positions or a slice select, in that order."""
        return Candles(*(getattr(self, name)[rows] for name in self.names()))

    @classmethod
    def joined(cls, parts: list[Candles]) -> Candles:
        """The rows of all parts, one part after the other."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.names()))

    @classmethod
    def from_rows(cls, rows: list[list[float]]) -> Candles:
        """From rows of (open time in ms, open, high, low, close, volume)."""
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 6)
        return cls(table[:, 0].astype(np.int64), *(np.ascontiguousarray(table[:, i]) for i in range(1, 6)))

    def same_rows(self, other: Candles) -> NDArray[np.bool_]:
        """Row by row, whether two equally long sets of candles hold the same numbers."""
        same = np.ones(len(self), dtype=bool)
        for name in self.names():
            same &= getattr(self, name) == getattr(other, name)
        return same


@dataclass(frozen=True, slots=True, eq=False)
class Funding:
    """Funding payments of a perpetual: `rate[i]` (a fraction) was due at `time[i]` (UTC ms)."""

    time: Times
    rate: Floats

    def __post_init__(self) -> None:
        if len(self.time) != len(self.rate):
            raise DataError(f"funding has {len(self.time)} times and {len(self.rate)} rates")
        if len(self.time) and not (np.diff(self.time) > 0).all():
            raise DataError("funding times must increase, each once")
        if not np.isfinite(self.rate).all():
            raise DataError("funding holds a rate that is not a number")

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False)
class CandleSeries:
    """The closed bars of one instrument: times increase on one grid, and every bar is possible.

    Gaps are allowed, nothing is ever filled in. `mark` holds candles of the mark price (their volume is 0).
    Raises `DataError` when a promise is broken.
    """

    instrument: Instrument
    timeframe: Timeframe
    candles: Candles
    funding: Funding | None = None
    mark: Candles | None = None

    def __post_init__(self) -> None:
        self._trust("candles", self.candles)
        if self.mark is not None:
            self._trust("mark candles", self.mark)

    @property
    def open_time(self) -> Times:
        return self.candles.open_time

    def __len__(self) -> int:
        return len(self.candles)

    def between(self, start_ms: int | None, end_ms: int | None) -> CandleSeries:
        """Bars that open in [start_ms, end_ms); mark likewise, and funding due then or at the close."""
        mark = None if self.mark is None else _cut(self.mark, start_ms, end_ms)
        funding = self.funding
        if funding is not None:
            low = 0 if start_ms is None else int(np.searchsorted(funding.time, start_ms))
            high = len(funding) if end_ms is None else int(np.searchsorted(funding.time, end_ms))
            funding = Funding(funding.time[low:high], funding.rate[low:high])
        candles = _cut(self.candles, start_ms, end_ms)
        return CandleSeries(self.instrument, self.timeframe, candles, funding, mark)

    def _trust(self, what: str, candles: Candles) -> None:
        name = f"{self.instrument.symbol} {self.timeframe}: {what}"
        steps = np.diff(candles.open_time)
        if len(steps) and steps.min() <= 0:
            row = int(np.argmax(steps <= 0)) + 1
            raise DataError(
                f"{name}: times must increase, row {row} opens at {utc_text(candles.open_time[row])}"
            )
        if len(steps) and (steps % self.timeframe.ms).any():
            row = int(np.argmax(steps % self.timeframe.ms != 0)) + 1
            when = utc_text(candles.open_time[row])
            raise DataError(f"{name}: the bar at {when} does not lie on the grid of the bars before it")
        faults = impossible_bars(candles)
        if faults:
            raise DataError(f"{name}: {faults[0].sentence()}")


def _cut(candles: Candles, start_ms: int | None, end_ms: int | None) -> Candles:
    low = 0 if start_ms is None else int(np.searchsorted(candles.open_time, start_ms))
    high = len(candles) if end_ms is None else int(np.searchsorted(candles.open_time, end_ms))
    return candles.take(slice(low, high))
