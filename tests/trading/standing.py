"""Books and quotes that say what a test tells them to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tradewind.market import FillReason, Reason
from tradewind.trading.terms.quotes import Quote


@dataclass
class ToldQuotes:
    quotes: dict[str, Quote] = field(default_factory=dict)

    def newest(self, symbol: str) -> Quote | None:
        return self.quotes.get(symbol)

    def tell(
        self,
        symbol: str,
        at: int,
        price: float,
        *,
        mark: float = math.nan,
        spread: float = 0.0,
        funding_rate: float = math.nan,
    ) -> None:
        bid, ask = price - spread / 2, price + spread / 2
        self.quotes[symbol] = Quote(symbol, bid, ask, price, mark, at, at, at, funding_rate)


@dataclass
class ToldStanding:
    """Positions are those of a ledger; levels and money are told."""

    positions: Mapping[str, int]
    levels: dict[str, float] = field(default_factory=dict)
    equity: float = 10_000.0
    day_start_equity: float = 10_000.0
    peak_equity: float = 10_000.0
    losing_streak: int = 0
    left: int | None = None  # by the rules, of what is asked for by hand; None: all

    def position_lots(self) -> dict[str, int]:
        return dict(self.positions)

    def protective_level(self, symbol: str) -> float:
        level = self.levels.get(symbol, 0.0)
        if self.positions[symbol] < 0 and 0 < level < 100:  # as far on the other side
            return 200.0 - level
        return level if self.positions[symbol] else 0.0

    def protective_reason(self, symbol: str) -> FillReason:
        return FillReason.STOP

    def equity_at(self, prices: Mapping[str, float]) -> float:
        return self.equity

    def left_by_rules(
        self,
        symbol: str,
        lots: int,
        limit: float | None,
        resting: Mapping[str, int],
        prices: Mapping[str, float],
    ) -> tuple[int, Reason]:
        return (lots, Reason.NONE) if self.left is None else (self.left, Reason.WEIGHT_CAP)
