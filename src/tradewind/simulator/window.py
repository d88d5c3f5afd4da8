"""The last few closed bars of a live run, laid out as the kernels read a tape; the newest is the last row."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tradewind.account.records import BAR, ROW
from tradewind.compiled import compiled
from tradewind.market import Bar, Inconsistent, Snapshot
from tradewind.market.bar import Prices
from tradewind.simulator.rows import describe_row, volume_state

OHLCV = 5  # the first columns of `BarWindow.given`
REVISABLE = 256  # snapshots, at least, that `revise` can still change
_NO_BAR = (math.nan,) * 10


@dataclass(slots=True)
class _Stretch:
    """Snapshots in a row, each with whether a seam came before it, and what the window was before the first."""

    before: tuple[Any, ...]
    pushed: list[tuple[bool, Snapshot]] = field(default_factory=list)


class BarWindow:
    """`bars` [depth, A], `rows` and `clock` [depth] of the newest bars; `last` is the newest row.

    `seam`: the next bar begins a segment. `fresh`: the newest bar did, or came after a gap, so that nothing
    before it counts.
    """

    def __init__(self, instruments: int, depth: int, volume_window: int) -> None:
        self.last = depth - 1
        self.bars = np.zeros((depth, instruments), BAR)
        self.rows = np.zeros(depth, ROW)
        self.clock = np.zeros((depth, 4), np.float32)
        self.volumes = np.zeros((depth, instruments))
        self.given = np.full(
            (instruments, len(_NO_BAR)), math.nan
        )  # the newest bars: o, h, l, c, v, the rest
        self.tradable = np.zeros(instruments, np.bool_)  # which instruments have a newest bar
        self.seam = self.fresh = True
        self._last_close = -1
        self._ring, self._counts = volume_state(instruments, volume_window)
        self._stretches: deque[_Stretch] = deque(maxlen=2)

    def push(self, snapshot: Snapshot) -> None:
        """Append the closed bars; `Inconsistent`, nothing changed, unless they come after all before them."""
        self._require_next(snapshot)
        if not self._stretches or len(self._stretches[-1].pushed) == REVISABLE:
            self._stretches.append(_Stretch(self._remember()))
        self._stretches[-1].pushed.append((self.seam, snapshot))
        self._take(snapshot)

    def revise(self, open_time: int, place: int, prices: Prices) -> bool:
        """As if the bar of one instrument had come with these prices, also where it had none.

        All that follows from it is computed anew. False, and nothing, for a bar that is not remembered any more.
        """
        for first, stretch in enumerate(self._stretches):
            for k, (seam, snapshot) in enumerate(stretch.pushed):
                if snapshot.open_time == open_time:
                    stretch.pushed[k] = (seam, _revised(snapshot, place, prices))
                    self._repeat(first)
                    return True
        return False

    def _repeat(self, first: int) -> None:
        """Everything from the start of a stretch on."""
        seam_now = self.seam
        self._recall(self._stretches[first].before)
        for number in range(first, len(self._stretches)):
            stretch = self._stretches[number]
            stretch.before = self._remember()
            for self.seam, snapshot in stretch.pushed:
                self._take(snapshot)
        self.seam = seam_now

    def _remember(self) -> tuple[Any, ...]:
        return tuple(array.copy() for array in self._arrays()), self.fresh, self._last_close

    def _recall(self, memory: tuple[Any, ...]) -> None:
        arrays, self.fresh, self._last_close = memory
        for array, kept in zip(self._arrays(), arrays, strict=True):
            array[...] = kept

    def _arrays(self) -> tuple[Any, ...]:
        return (
            *(self.bars, self.rows, self.clock, self.volumes),
            *(self.given, self.tradable, self._ring, self._counts),
        )

    def _take(self, snapshot: Snapshot) -> None:
        self.fresh = self.seam or snapshot.open_time != self._last_close
        self.seam, self._last_close = False, snapshot.close_time
        for a, bar in enumerate(snapshot.bars):
            self.given[a] = _NO_BAR if bar is None else _values(bar)
        _append(
            self.bars,
            self.rows,
            self.volumes,
            self.clock,
            self.given,
            self.tradable,
            snapshot.open_time,
            snapshot.close_time,
        )
        describe_row(
            self.bars, self.rows, self.clock, self.last, self.fresh, self.volumes, self._ring, self._counts
        )

    def _require_next(self, snapshot: Snapshot) -> None:
        if len(snapshot.bars) != len(self.given):
            raise Inconsistent(
                f"a snapshot has {len(snapshot.bars)} bars for the {len(self.given)} symbols of this run"
            )
        if snapshot.open_time < self._last_close:
            raise Inconsistent(
                f"the snapshot of {snapshot.open_time} came after the close at {self._last_close}: "
                "each bar must come once, in order of time"
            )
        for bar in snapshot.bars:
            if bar is not None and bar.open_time != snapshot.open_time:
                raise Inconsistent(f"the snapshot of {snapshot.open_time} holds a bar of {bar.open_time}")


def _revised(snapshot: Snapshot, place: int, prices: Prices) -> Snapshot:
    """With the funding and the marks that were told, where there was a bar."""
    before, bars = snapshot.bars[place], list(snapshot.bars)
    o, h, low, c, v = prices
    if before is None:
        bars[place] = Bar(snapshot.open_time, snapshot.close_time, o, h, low, c, v)
    else:
        bars[place] = replace(before, open=o, high=h, low=low, close=c, volume=v)
    return replace(snapshot, bars=tuple(bars))


def _values(bar: Bar) -> tuple[float, ...]:
    return (
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.funding_rate,
        bar.mark_open,
        bar.mark_high,
        bar.mark_low,
        bar.mark_close,
    )


@compiled
def _append(
    bars: Any, rows: Any, volumes: Any, clock: Any, given: Any, tradable: Any, open_time: int, close_time: int
) -> None:
    """Move every row one up, and write what was given into the last; a price that is NaN is no bar."""
    last = rows.shape[0] - 1
    for row in range(last):
        rows[row] = rows[row + 1]
        for k in range(clock.shape[1]):
            clock[row, k] = clock[row + 1, k]
        for a in range(bars.shape[1]):
            bars[row, a] = bars[row + 1, a]
            volumes[row, a] = volumes[row + 1, a]
    rows[last].open_time = open_time
    rows[last].close_time = close_time
    rows[last].ready = 0
    for a in range(bars.shape[1]):
        bar = bars[last, a]
        tradable[a] = not math.isnan(given[a, 0])
        bar.tradable = tradable[a]
        bar.open = given[a, 0]
        bar.high = given[a, 1]
        bar.low = given[a, 2]
        bar.close = given[a, 3]
        volumes[last, a] = given[a, 4]
        bar.funding_rate = given[a, 5] if tradable[a] else 0.0
        bar.mark_open = _mark(given[a, 6], bar.open)
        bar.mark_high = _mark(given[a, 7], bar.high)
        bar.mark_low = _mark(given[a, 8], bar.low)
        bar.mark_close = _mark(given[a, 9], bar.close)


@compiled
def _mark(mark: float, price: float) -> float:
    """The traded price stands in where no mark price is known."""
    return mark if math.isfinite(mark) else price


@compiled
def append_features(raw_features: Any, features: Any, raw: Any, scaled: Any) -> bool:
    """Move the features of every row one up, and write the newest; True when all of it is finite."""
    last = features.shape[0] - 1
    whole = True
    for k in range(features.shape[1]):
        for row in range(last):
            raw_features[row, k] = raw_features[row + 1, k]
            features[row, k] = features[row + 1, k]
        raw_features[last, k] = raw[k]
        features[last, k] = scaled[k]
        whole = whole and math.isfinite(scaled[k])
    return whole
