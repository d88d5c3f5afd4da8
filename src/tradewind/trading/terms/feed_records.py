"""What the journal keeps of market data beside snapshots."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.market.bar import Prices


@dataclass(frozen=True, slots=True)
class Revision:
    """A bar that the venue tells otherwise than it was given out. `before` is None for one that had been masked.

    It stands in the journal where the run heard of it: what is decided from there on sees the bar like this.
    """

    at: int  # close of the bar, UTC ms
    symbol: str
    open_time: int
    before: Prices | None
    after: Prices
