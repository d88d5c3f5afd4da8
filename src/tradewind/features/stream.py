"""The features of one bar after the other, as live runs see them: the same bits as the batch."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.features.batch import unusable_bar
from tradewind.features.plan import FeaturePlan
from tradewind.features.program import Floats, Rows, program_of
from tradewind.market.errors import DataError
from tradewind.market.timeframe import Timeframe

_FORMAT = 1
_NEVER = -1


class FeatureStream:
    """Features of A instruments, bar by bar. One stream holds one fragment; `restart` begins the next."""

    def __init__(self, plan: FeaturePlan, symbols: Sequence[str], timeframe: Timeframe) -> None:
        self.plan = plan
        self.symbols = tuple(symbols)
        self.timeframe = timeframe
        self.columns = plan.columns(self.symbols)
        self._program = program_of(plan, timeframe)
        self._state = self._program.fresh_state(len(self.symbols))
        self._origin = self._last = _NEVER
        self._values = np.full((1, len(self.columns)), np.nan)
        self._bars = np.full((5, 1, len(self.symbols)), np.nan)
        o, h, low, c, v = self._bars
        self._masks = np.zeros((1, len(self.symbols)), np.bool_)
        self._time = np.zeros(1, np.int64)
        self._row = Rows(self._time, o, h, low, c, v, self._masks)

    @property
    def last_open_time(self) -> int | None:
        """Open time of the newest bar, UTC ms; None before the first."""
        return None if self._last == _NEVER else self._last

    @property
    def ready(self) -> bool:
        """True when every column is finite."""
        return bool(np.isfinite(self._values).all())

    def push(self, open_time: int, ohlcv: Floats, tradable: NDArray[np.bool_]) -> Floats:
        """The features [F] once the bar that opened at `open_time` (UTC ms) has closed.

        `ohlcv` [A, 5] is open, high, low, close, volume; where `tradable` [A] is False the instrument has
        no bar and its features stay. Raises `DataError`, state unchanged, on a bar that is not the next
        one (a gap must be back-filled, or `restart` begins a new fragment) and on one that is no bar.
        """
        open_time = int(open_time)  # numpy's would not go into the snapshot
        expected = self._last + self.timeframe.ms
        if self._last != _NEVER and open_time != expected:
            raise DataError(self._out_of_order(open_time, expected))
        if np.shape(ohlcv) != (len(self.symbols), 5) or np.shape(tradable) != (len(self.symbols),):
            raise DataError(
                f"ohlcv has shape {np.shape(ohlcv)} and tradable {np.shape(tradable)}, expected "
                f"({len(self.symbols)}, 5) and ({len(self.symbols)},)"
            )
        row = self._row
        self._bars[:, 0, :] = np.transpose(ohlcv)
        self._masks[0] = tradable
        self._time[0] = open_time
        bad = row.first_unusable(0, 1)
        if bad is not None:
            raise unusable_bar(self.symbols[bad[1]], open_time)
        if self._last == _NEVER:
            self._origin = open_time
        self._last = open_time
        self._program.run(self._state, self._origin, row, 0, 1, self._values)
        return np.array(self._values[0])

    def restart(self) -> None:
        """Forget everything: the next bar begins a new fragment, and warms up anew."""
        self._state = self._program.fresh_state(len(self.symbols))
        self._values[:] = np.nan
        self._origin = self._last = _NEVER

    def state(self) -> dict[str, Any]:
        """A snapshot that JSON can hold: `restore` goes on from it bit for bit."""
        memory = self._state.astype("<f8").tobytes()
        values = self._values.astype("<f8").tobytes()
        return {
            **self._stamp(),
            "origin": self._origin,
            "last_open_time": self._last,
            "memory": base64.b64encode(memory).decode(),
            "values": base64.b64encode(values).decode(),
            "sha256": _digest(self._origin, self._last, memory, values),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from a snapshot of `state`. Raises `DataError`, stream unchanged, on any mismatch."""
        for key, own in self._stamp().items():
            if snapshot.get(key) != own:
                was = snapshot.get(key)
                raise DataError(f"the feature snapshot has {key} {was!r}, this stream {own!r}: warm up again")
        try:
            memory = base64.b64decode(snapshot["memory"], validate=True)
            values = base64.b64decode(snapshot["values"], validate=True)
            origin, last = int(snapshot["origin"]), int(snapshot["last_open_time"])
            whole = snapshot["sha256"] == _digest(origin, last, memory, values)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the feature snapshot is damaged ({error!r}): warm up again") from error
        if not whole or len(memory) != self._state.nbytes or len(values) != self._values.nbytes:
            raise DataError("the feature snapshot is damaged (its checksum differs): warm up again")
        self._state[:] = np.frombuffer(memory, "<f8")
        self._values[0] = np.frombuffer(values, "<f8")
        self._origin, self._last = origin, last

    def _stamp(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "symbols": list(self.symbols),
            "timeframe": self.timeframe.text,
            "plan": self.plan.schema_hash(self.symbols),
        }

    def _out_of_order(self, open_time: int, expected: int) -> str:
        if open_time < expected:
            return f"the bar at {open_time} is not after the last one at {self._last}: expected {expected}"
        missing = -((expected - open_time) // self.timeframe.ms)
        return (
            f"the bar at {open_time} leaves a gap, expected {expected}: back-fill about {missing} bars, "
            "or restart the features"
        )


def _digest(origin: int, last: int, memory: bytes, values: bytes) -> str:
    return hashlib.sha256(f"{origin},{last};".encode() + memory + values).hexdigest()
