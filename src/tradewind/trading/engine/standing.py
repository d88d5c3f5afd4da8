"""What guards and stops read of the account of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tradewind.market import FillReason, Reason


class Standing(Protocol):
    """The books of a run, as the engine keeps them; changed by fills, cash flows and closes alone."""

    @property
    def day_start_equity(self) -> float:
        """At the first close of the UTC day, in quote."""

    @property
    def peak_equity(self) -> float:
        """The highest at any close, in quote; after a re-arm it begins anew with what there is."""

    @property
    def losing_streak(self) -> int:
        """Bars in a row in which what was closed lost money, since the last re-arm."""

    def position_lots(self) -> dict[str, int]:
        """Signed whole lots by symbol: what can be sold, fees in base taken off."""

    def protective_level(self, symbol: str) -> float:
        """The price at which the position is to be closed: stop loss or trailing stop; 0 when there is none."""

    def protective_reason(self, symbol: str) -> FillReason:
        """Which of the two it is."""

    def equity_at(self, prices: Mapping[str, float]) -> float:
        """Equity in quote at other prices; a symbol that is left out keeps its last one."""

    def left_by_rules(
        self,
        symbol: str,
        lots: int,
        limit: float | None,
        resting: Mapping[str, int],
        prices: Mapping[str, float],
    ) -> tuple[int, Reason]:
        """How many of `lots`, asked for between two decisions, the agent's own risk and money leave, and why.

        They come to what they are worth at the newest price or at their own `limit`, whichever is higher.
        """
