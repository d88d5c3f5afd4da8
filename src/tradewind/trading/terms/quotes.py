"""Prices between candles: what guards and stops look at."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

STALE_MS = 60_000  # a price older than this says nothing


@dataclass(frozen=True, slots=True)
class Quote:
    """The newest prices of one symbol, NaN where one is not known, each with when it became known here (UTC ms)."""

    symbol: str
    bid: float
    ask: float
    last: float
    mark: float
    book_at: int
    last_at: int
    mark_at: int
    funding_rate: float = math.nan  # of the next payment, as the venue expects it; known with the mark

    @property
    def at(self) -> int:
        """When the newest of them became known."""
        return max(self.book_at, self.last_at, self.mark_at)

    @property
    def met_at(self) -> int:
        """When the price that an order meets became known: that of the book, the last trade where no book was told; 0
        where neither was.
        """
        return self.book_at or self.last_at

    @property
    def middle(self) -> float:
        return (self.bid + self.ask) / 2

    def fresh(self, now_ms: int) -> Quote:
        """Without the prices that are older than a minute."""
        since = now_ms - STALE_MS
        if min(self.book_at, self.last_at, self.mark_at) >= since:
            return self
        book, marked = self.book_at >= since, self.mark_at >= since
        return replace(
            self,
            bid=self.bid if book else math.nan,
            ask=self.ask if book else math.nan,
            last=self.last if self.last_at >= since else math.nan,
            mark=self.mark if marked else math.nan,
            funding_rate=self.funding_rate if marked else math.nan,
        )


class Quotes(Protocol):
    """The newest quotes of a run."""

    def newest(self, symbol: str) -> Quote | None:
        """None until there is one. A price that nobody told for a minute is not known any more."""
