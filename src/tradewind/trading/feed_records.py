"""What the journal keeps of market data beside snapshots."""

from __future__ import annotations

from dataclasses import dataclass

Prices = tuple[float, float, float, float, float]  # open, high, low, close, volume


@dataclass(frozen=True, slots=True)
class Revision:
    """A bar that the venue tells otherwise than it was given out. `before` is None for one that had been masked."""

    at: int  # close of the bar, UTC ms
    symbol: str
    open_time: int
    before: Prices | None
    after: Prices
