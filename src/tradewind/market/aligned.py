"""Several instruments on one grid of bars: what training, backtest and replay read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.market.instrument import Instrument
from tradewind.market.timeframe import Timeframe

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Aligned bars of A instruments at T times; read-only, C-contiguous, shared.

    Where `tradable` is False the instrument has no bar and its prices are NaN: nothing is filled in.
    `fragments` [K, 2] are half-open row ranges without a gap beyond tolerance; no episode crosses them.
    `funding_rate` is what is charged at the open of the row (0 where none is due).
    `mark` [T, A, 4] (o, h, l, c of the mark price) is None where the traded prices serve.
    """

    instruments: tuple[Instrument, ...]
    timeframe: Timeframe
    open_time: NDArray[np.int64]  # [T] UTC ms
    open: Floats  # [T, A], as the five below
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # base units
    tradable: NDArray[np.bool_]
    fragments: NDArray[np.int64]
    funding_rate: Floats | None = None
    mark: Floats | None = None

    def __post_init__(self) -> None:
        rows, width = len(self.open_time), len(self.instruments)
        for name in ("open", "high", "low", "close", "volume", "tradable"):
            if getattr(self, name).shape != (rows, width):
                raise DataError(f"{name} has shape {getattr(self, name).shape}, expected {(rows, width)}")
        for name in self.array_names():
            getattr(self, name).setflags(write=False)

    def array_names(self) -> list[str]:
        names = ["open_time", "open", "high", "low", "close", "volume", "tradable", "fragments"]
        return names + [n for n in ("funding_rate", "mark") if getattr(self, n) is not None]

    def __len__(self) -> int:
        return len(self.open_time)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(i.symbol for i in self.instruments)

    @property
    def close_time(self) -> NDArray[np.int64]:
        """[T] UTC ms, exclusive: when each row becomes known."""
        return self.open_time + self.timeframe.ms

    def rows(self, start: int, stop: int) -> Market:
        """The rows [start, stop) as a market of their own; fragments are cut to them."""
        start, stop = max(0, start), min(len(self), stop)
        cut = np.clip(self.fragments, start, stop) - start
        return Market(
            instruments=self.instruments,
            timeframe=self.timeframe,
            open_time=self.open_time[start:stop].copy(),
            open=self.open[start:stop].copy(),
            high=self.high[start:stop].copy(),
            low=self.low[start:stop].copy(),
            close=self.close[start:stop].copy(),
            volume=self.volume[start:stop].copy(),
            tradable=self.tradable[start:stop].copy(),
            fragments=np.ascontiguousarray(cut[cut[:, 1] > cut[:, 0]]),
            funding_rate=None if self.funding_rate is None else self.funding_rate[start:stop].copy(),
            mark=None if self.mark is None else self.mark[start:stop].copy(),
        )

    def between(self, start_ms: int | None, end_ms: int | None) -> Market:
        """The rows that open in [start_ms, end_ms)."""
        start = 0 if start_ms is None else int(np.searchsorted(self.open_time, start_ms))
        stop = len(self) if end_ms is None else int(np.searchsorted(self.open_time, end_ms))
        return self.rows(start, stop)
