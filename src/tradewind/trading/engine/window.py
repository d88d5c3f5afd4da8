"""What a live run remembers of the market: its last bars, and the features of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tradewind.features import FeatureStream
from tradewind.market import Inconsistent, Snapshot, Timeframe
from tradewind.policy.agent import Agent
from tradewind.simulator.window import OHLCV, BarWindow, append_features


class FeatureWindow(BarWindow):
    """A window of bars with the features of each; `ready` when every feature of the lookback is known.

    A snapshot of another length than a bar is `Inconsistent`.
    """

    def __init__(self, agent: Agent, symbols: Sequence[str], timeframe: Timeframe) -> None:
        depth = max(agent.rules.lookback, 2)
        super().__init__(len(symbols), depth, agent.rules.costs.volume_window)
        self.ready = False
        self._agent, self._bar_ms = agent, timeframe.ms
        self._stream = FeatureStream(agent.plan, symbols, timeframe)
        self.features = np.full((depth, self.columns), np.nan, np.float32)  # scaled
        self.raw_features = np.full((depth, self.columns), np.nan)
        self._whole_rows = 0  # how many of the newest rows have every feature

    @property
    def columns(self) -> int:
        return len(self._stream.columns)

    def _require_next(self, snapshot: Snapshot) -> None:
        if snapshot.close_time - snapshot.open_time != self._bar_ms:
            raise Inconsistent(
                f"the snapshot from {snapshot.open_time} to {snapshot.close_time} is no bar of {self._bar_ms} ms"
            )
        super()._require_next(snapshot)

    def _take(self, snapshot: Snapshot) -> None:
        """The features too, which warm up anew after a seam or a gap."""
        super()._take(snapshot)
        if self.fresh:
            self._stream.restart()
            self._whole_rows = 0
        raw = self._stream.push(snapshot.open_time, self.given[:, :OHLCV], self.tradable)
        whole = append_features(self.raw_features, self.features, raw, self._agent.scale(raw))
        self._whole_rows = self._whole_rows + 1 if whole else 0
        self.ready = self._whole_rows >= self._agent.rules.lookback
        self.rows[self.last]["ready"] = self.ready

    def _remember(self) -> tuple[Any, ...]:
        return super()._remember(), self._stream.state(), self.ready, self._whole_rows

    def _recall(self, memory: tuple[Any, ...]) -> None:
        bars, stream, self.ready, self._whole_rows = memory
        super()._recall(bars)
        self._stream.restore(stream)

    def _arrays(self) -> tuple[Any, ...]:
        return (*super()._arrays(), self.features, self.raw_features)
