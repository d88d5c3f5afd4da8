"""One symbol's stream of candles: when a candle is closed, when the stream is silent, which prices can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tradewind.market import Bar
from tradewind.venues.remote.candle_frames import Told
from tradewind.venues.remote.pulse import Pulse


@dataclass(slots=True)
class Counters:
    """What happened to a feed of candles until now."""

    frames: int = 0
    bad_frames: int = 0  # nothing could be read from them
    old: int = 0  # of candles that are given out
    early: int = 0  # told as closed before their close
    rejected: int = 0  # impossible bars
    doubted: int = 0  # too far from what is known of the price
    zero_volume: int = 0
    backfilled: int = 0  # bars that came by REST
    missing: int = 0  # bars that the venue has not
    masked: int = 0  # bars that had not come at the deadline
    late: int = 0  # bars that came after it
    revisions: int = 0
    unchecked: int = 0  # bars that no REST answer confirmed
    ends: int = 0  # of lines
    silences: int = 0  # lines that were cut because REST knew more
    rest_failures: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class SymbolFeed:
    """The state of one symbol between frames. Times in ms of the clock, but for those of candles."""

    def __init__(self, step: int, now: int) -> None:
        self.forming: Told | None = None
        self.newest: Told | None = None
        self.pulse = Pulse(now)
        self.learnt_at = now  # by stream or by REST
        self.last_close: float | None = None
        self._step = step

    def heard(self, told: Told, now: int) -> None:
        self.pulse.beat(now)
        self.learnt_at = now
        self.newest = told

    def closes(self, told: Told) -> Told | None:
        """The candle that this frame proves to be closed.

        One that the venue says is closed, at a time at which it can be; where it never says, the one before.
        """
        if told.closed:
            if told.at is not None and told.at < told.open_time + self._step - 1:
                self.forming = told
                return None
            self.forming = None
            return told
        before = self.forming
        if before is None or told.open_time >= before.open_time:
            self.forming = told
        if told.closed is None and before is not None and before.open_time < told.open_time:
            return before
        return None

    def broken(self) -> None:
        """The line ended: what formed may have gone on unheard."""
        self.forming = None


def within(bar: Bar, references: Sequence[float], factor: float) -> bool:
    """Whether all prices of a bar are within a factor of what is known; True where nothing is."""
    if not references:
        return True
    return bar.low * factor >= min(references) and bar.high <= max(references) * factor
