"""What all dialects of one process share: the exchanges behind them and the two clocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradewind.exchange import Exchange, MarketClock
from tradewind.market import Clock


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """How strictly a venue's rate limits are counted: `scale` times as much is allowed, 0 counts nothing."""

    scale: float = 1.0

    @property
    def on(self) -> bool:
        return self.scale > 0


class SkewedClock:
    """Another clock, `skew_ms` ahead of it: a venue whose clock is wrong."""

    __slots__ = ("_true", "skew_ms")

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.skew_ms = 0

    def now_ms(self) -> int:
        return self._true.now_ms() + self.skew_ms

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


@dataclass(slots=True)
class House:
    """One venue as its dialects see it: its exchange, market time that drives it, and wire time.

    `wire` signs, counts limits and stamps replies; skewing it leaves market time alone.
    """

    venue: str  # "binance", "bitget"
    exchange: Exchange
    clock: MarketClock
    limits: LimitProfile = LimitProfile()
    wire: SkewedClock = field(init=False)

    def __post_init__(self) -> None:
        self.wire = SkewedClock(self.clock.wire)

    def refresh(self) -> None:
        """Let the exchange reach market time."""
        now = self.clock.now_ms()
        if now > self.exchange.now_ms:
            self.exchange.advance(now)
