"""What guards and stops read of the account of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tradewind.market import FillReason


class Standing(Protocol):
    """The books of a run, as the engine keeps them; changed by fills, cash flows and closes alone."""

    @property
    def day_start_equity(self) -> float:
        """At the first close of the UTC day, in quote."""

    @property
    def losing_streak(self) -> int:
        """Bars in a row in which what was closed lost money."""

    def position_lots(self) -> dict[str, int]:
        """Signed whole lots by symbol: what can be sold, fees in base taken off."""

    def protective_level(self, symbol: str) -> float:
        """The price at which the position is to be closed: stop loss or trailing stop; 0 when there is none."""

    def protective_reason(self, symbol: str) -> FillReason:
        """Which of the two it is."""

    def equity_at(self, prices: Mapping[str, float]) -> float:
        """Equity in quote at other prices; a symbol that is left out keeps its last one."""
