"""Prices between candles: what guards and stops look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quote:
    """The newest prices of one symbol. NaN where one is not known."""

    symbol: str
    at: int  # UTC ms, when it became known here
    bid: float
    ask: float
    last: float
    mark: float

    @property
    def middle(self) -> float:
        return (self.bid + self.ask) / 2


class Quotes(Protocol):
    """The newest quotes of a run."""

    def newest(self, symbol: str) -> Quote | None:
        """None until there is one."""
