"""The crowd's side of one market: a pure function of seed and market time, made only where someone looks.

Nothing that accounts do changes it: recorded candles stay what they were.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.exchange.candles import MarketTrade
from tradewind.exchange.path import BarPath, BarTicks, make_path
from tradewind.market import DataError, Market

_KEPT_PATHS = 4
_TYPICAL_ROWS = 96


@dataclass(frozen=True, slots=True)
class Point:
    """Where the tape stands: `step` grows by one with every point; `price` in ticks."""

    step: int
    row: int
    time: int
    price: int
    lots: int
    buyer_is_maker: bool


def in_lots(volume: Any, lot: float) -> Any:
    """A volume, or an array of them, in lots: their floor is the whole lots, also where floats fall just short."""
    return volume / lot * (1 + 1e-15) + 1e-9


class Feed:
    """One column of a `Market` as a tape of trades. Prices in ticks and quantities in lots of its own."""

    def __init__(self, market: Market, column: int, tick: Decimal, lot: Decimal, seed: int) -> None:
        instrument = market.instruments[column]
        self.symbol = instrument.symbol
        self.tick, self.lot = tick, lot
        self.length_ms = market.timeframe.ms
        self.points_per_bar = max(20, min(400, self.length_ms // 3000))
        self._tick, self._lot = float(tick), float(lot)
        keep = np.flatnonzero(market.tradable[:, column])
        if not len(keep):
            raise DataError(f"{self.symbol} has no bar in its market: nothing can be listed on it")
        rows = slice(None) if len(keep) == len(market) else keep  # whole columns are shared, not copied
        self.open_time: NDArray[np.int64] = market.open_time[rows]
        self._columns = tuple(
            np.ascontiguousarray(getattr(market, name)[rows, column])
            for name in ("open", "high", "low", "close", "volume")
        )
        self.mark_bars = None if market.mark is None else market.mark[keep, column]
        self._seed = zlib.crc32(f"{seed}:{self.symbol}".encode())
        self._paths: dict[int, BarPath] = {}
        self._typical: tuple[int, int] = (-1, 1)
        self._row = 0
        self._revised: dict[int, tuple[float, float, float, float, float]] = {}

    def __len__(self) -> int:
        return len(self.open_time)

    @property
    def start_ms(self) -> int:
        return int(self.open_time[0])

    @property
    def end_ms(self) -> int:
        """The close of the last bar; after it nothing trades any more."""
        return int(self.open_time[-1]) + self.length_ms

    def price(self, ticks: int) -> Decimal:
        return ticks * self.tick

    def quantity(self, lots: int) -> Decimal:
        return lots * self.lot

    def row_at(self, ms: int) -> int:
        """The last row that opens at or before `ms`; -1 before the first."""
        row = self._row  # time moves forward: mostly the same row, or the next
        times = self.open_time
        if times[row] <= ms and (row + 1 == len(times) or ms < times[row + 1]):
            return row
        row = int(np.searchsorted(times, ms, side="right")) - 1
        self._row = max(row, 0)
        return row

    def bar(self, row: int) -> BarTicks:
        values = self._revised.get(row)
        o, h, low, c, v = values or (float(column[row]) for column in self._columns)
        ticks = [max(1, round(price / self._tick)) for price in (o, h, low, c)]
        lots = int(in_lots(v, self._lot))
        return BarTicks(
            row, int(self.open_time[row]), self.length_ms, ticks[0], ticks[1], ticks[2], ticks[3], lots
        )

    def columns(self, first: int, stop: int) -> tuple[NDArray[np.float64], ...]:
        """Open, high, low, close, volume of rows [first, stop), revisions in place."""
        parts = tuple(column[first:stop] for column in self._columns)
        changed = [row for row in self._revised if first <= row < stop]
        if changed:
            parts = tuple(part.copy() for part in parts)
            for row in changed:
                for part, value in zip(parts, self._revised[row]):
                    part[row - first] = value
        return parts

    def revise(self, open_time: int, values: tuple[float, float, float, float, float]) -> None:
        """Other o, h, l, c, v for one bar from now on, as venues sometimes correct a closed candle."""
        row = int(np.searchsorted(self.open_time, open_time))
        if row == len(self) or self.open_time[row] != open_time:
            raise DataError(f"{self.symbol} has no bar that opens at {open_time}: nothing to revise")
        o, h, low, c, v = values
        if not (0 < low <= min(o, c) and max(o, c) <= h < float("inf") and 0 <= v < float("inf")):
            raise DataError(f"{self.symbol}: {values} (o, h, l, c, volume) is no possible bar")
        self._revised[row] = values
        self._paths.pop(row, None)

    @property
    def revisions(self) -> dict[int, tuple[float, float, float, float, float]]:
        """Revised rows by open time."""
        return {int(self.open_time[row]): values for row, values in self._revised.items()}

    def path(self, row: int) -> BarPath:
        path = self._paths.get(row)
        if path is None:
            path = make_path(self.bar(row), self.points_per_bar, self._seed)
            if len(self._paths) >= _KEPT_PATHS:
                del self._paths[next(iter(self._paths))]
            self._paths[row] = path
        return path

    def point_at(self, ms: int) -> Point:
        """The last point at or before `ms`; before the first bar, its open without lots."""
        row = self.row_at(ms)
        if row < 0:
            return Point(0, 0, self.start_ms, self.bar(0).open, 0, False)
        path = self.path(row)
        return self._point(path, path.index_at(ms))

    def opening(self, row: int) -> Point:
        """Where a bar opens, without making its path; its lots are not told."""
        return Point(row * self.points_per_bar, row, int(self.open_time[row]), self.bar(row).open, 0, False)

    def points(self, after_ms: int, until_ms: int) -> list[Point]:
        """All points in (after_ms, until_ms], in order."""
        found: list[Point] = []
        for row in range(max(0, self.row_at(after_ms)), self.row_at(until_ms) + 1):
            path = self.path(row)
            first, last = path.index_at(after_ms) + 1, path.index_at(until_ms)
            found.extend(self._point(path, i) for i in range(first, last + 1))
        return found

    def next_ms(self, after_ms: int) -> int | None:
        """The time of the first point after `after_ms`; None when the data has ended."""
        row = max(0, self.row_at(after_ms))
        while row < len(self):
            path = self.path(row)
            index = path.index_at(after_ms) + 1
            if index < len(path.times):
                return path.times[index]
            row += 1
        return None

    def trade(self, point: Point) -> MarketTrade:
        return MarketTrade(
            self.symbol,
            point.step,
            point.time,
            point.price * self.tick,
            point.lots * self.lot,
            point.buyer_is_maker,
        )

    def trades_before(self, ms: int, limit: int, before_id: int | None = None) -> list[MarketTrade]:
        """The newest `limit` trades at or before `ms` (with an id below `before_id`), oldest first."""
        last = self.point_at(ms).step if self.row_at(ms) >= 0 else -1
        step = last if before_id is None else min(last, before_id - 1)
        found: list[MarketTrade] = []
        while step >= 0 and len(found) < limit:
            point = self.point(step)
            if point.lots:
                found.append(self.trade(point))
            step -= 1
        return found[::-1]

    def trades_from(self, first_id: int, ms: int, limit: int) -> list[MarketTrade]:
        """The first `limit` trades from an id on that happened at or before `ms`."""
        found: list[MarketTrade] = []
        last = self.point_at(ms).step if self.row_at(ms) >= 0 else -1
        step = max(0, first_id)
        while step <= last and len(found) < limit:
            point = self.point(step)
            if point.lots:
                found.append(self.trade(point))
            step += 1
        return found

    def point(self, step: int) -> Point:
        return self._point(self.path(step // self.points_per_bar), step % self.points_per_bar)

    def step_at(self, ms: int) -> int:
        """The first step at or after `ms`."""
        row = self.row_at(ms)
        if row < 0:
            return 0
        path = self.path(row)
        index = path.index_at(ms - 1) + 1
        return row * self.points_per_bar + index

    def typical_lots(self, row: int) -> int:
        """Lots that trade in a minute, on average over the bars before `row`."""
        if self._typical[0] != row:
            first = max(0, row - _TYPICAL_ROWS)
            volume = self._columns[4][first : max(row, first + 1)]
            per_minute = float(volume.mean()) * 60_000 / self.length_ms
            self._typical = (row, max(1, int(per_minute / self._lot)))
        return self._typical[1]

    def noise(self, row: int, number: int) -> float:
        """A fraction in [0, 1) that belongs to a row and a number."""
        mixed = (number * 0x9E3779B97F4A7C15 + row * 0xBF58476D1CE4E5B9 + self._seed) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 31)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return (mixed >> 40) / 16_777_216

    def _point(self, path: BarPath, index: int) -> Point:
        return Point(
            path.row * self.points_per_bar + index,
            path.row,
            path.times[index],
            path.prices[index],
            path.lots[index],
            path.buyer_is_maker[index],
        )
