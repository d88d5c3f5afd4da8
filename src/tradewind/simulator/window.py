"""The last few closed bars of a live run, laid out as the kernels read a tape; the newest is the last row."""

from __future__ import annotations

import math

import numpy as np

from tradewind.account.records import BAR, ROW
from tradewind.market import Snapshot
from tradewind.simulator.rows import describe_row, volume_state

_PRICES = ("open", "high", "low", "close")


class BarWindow:
    """`bars` [depth, A], `rows` and `clock` [depth] of the newest bars; `last` is the newest row."""

    def __init__(self, instruments: int, depth: int, volume_window: int) -> None:
        self.last = depth - 1
        self.bars = np.zeros((depth, instruments), BAR)
        self.rows = np.zeros(depth, ROW)
        self.clock = np.zeros((depth, 4), np.float32)
        self.volumes = np.zeros((depth, instruments))
        self._ring, self._counts = volume_state(instruments, volume_window)

    def push(self, snapshot: Snapshot, fresh: bool) -> None:
        """Append the closed bars; `fresh` begins a segment, so that nothing before counts."""
        for array in (self.bars, self.rows, self.clock, self.volumes):
            array[:-1] = array[1:]
        last = self.last
        self.rows[last] = np.zeros((), ROW)
        self.rows[last]["open_time"], self.rows[last]["close_time"] = snapshot.open_time, snapshot.close_time
        for a, bar in enumerate(snapshot.bars):
            record = self.bars[last, a]
            record["tradable"] = bar is not None
            record["funding_rate"] = 0.0 if bar is None else bar.funding_rate
            self.volumes[last, a] = math.nan if bar is None else bar.volume
            for name in _PRICES:
                price = math.nan if bar is None else getattr(bar, name)
                mark = math.nan if bar is None else getattr(bar, f"mark_{name}")
                record[name] = price
                record[f"mark_{name}"] = price if math.isnan(mark) else mark
        describe_row(self.bars, self.rows, self.clock, last, fresh, self.volumes, self._ring, self._counts)
