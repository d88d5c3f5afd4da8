"""What all dialects of one process share: the exchanges behind them and the two clocks."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.exchange import Exchange, MarketClock
from tradewind.market import Clock


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """How strictly a venue's rate limits are counted: `scale` times as much is allowed, 0 counts nothing."""

    scale: float = 1.0

    @property
    def on(self) -> bool:
        return self.scale > 0


@dataclass(slots=True)
class House:
    """One venue as its dialects see it: its exchange, market time that drives it, and wire time."""

    venue: str  # "binance", "bitget"
    exchange: Exchange
    clock: MarketClock
    limits: LimitProfile = LimitProfile()

    @property
    def wire(self) -> Clock:
        """Signs, counts limits and stamps replies."""
        return self.clock.wire

    def refresh(self) -> None:
        """Let the exchange reach market time."""
        now = self.clock.now_ms()
        if now > self.exchange.now_ms:
            self.exchange.advance(now)
