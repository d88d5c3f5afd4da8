"""Two clocks: wire time signs requests and counts limits, market time moves candles, trades and funding."""

from __future__ import annotations

from tradewind.market import Clock, ConfigError, WallClock


class MarketClock:
    """Virtual UTC ms that follows a wire clock at a speed, or stands still and is stepped.

    `speed` 1 is real time, 600 makes ten hours a minute, 0 stands: only `step` and `step_to` move it.
    """

    def __init__(self, start_ms: int, speed: float = 0.0, wire: Clock | None = None) -> None:
        self.wire: Clock = wire or WallClock()
        self._base_ms = start_ms
        self._base_wire_ms = self.wire.now_ms()
        self._speed = _checked(speed)

    @property
    def speed(self) -> float:
        return self._speed

    def now_ms(self) -> int:
        """Market time, UTC ms."""
        if not self._speed:
            return self._base_ms
        return self._base_ms + int((self.wire.now_ms() - self._base_wire_ms) * self._speed)

    def set_speed(self, speed: float) -> None:
        """Go on from the present market time at another speed; 0 pauses."""
        self._rebase(self.now_ms())
        self._speed = _checked(speed)

    def step(self, ms: int) -> int:
        """Move forward by `ms` of market time; returns the new time."""
        return self.step_to(self.now_ms() + ms)

    def step_to(self, ms: int) -> int:
        """Move forward to a time; `ConfigError` when that lies in the past."""
        if ms < self.now_ms():
            raise ConfigError(f"market time is {self.now_ms()} ms, it cannot go back to {ms}")
        self._rebase(ms)
        return ms

    def _rebase(self, ms: int) -> None:
        self._base_ms, self._base_wire_ms = ms, self.wire.now_ms()


def _checked(speed: float) -> float:
    if not 0 <= speed < 1e7:
        raise ConfigError(f"market speed is {speed}, expected 0 (stepped), 1 (real) or more")
    return speed


class Times:
    """What every record is stamped with: the market time reached, and wire time."""

    __slots__ = ("now", "wire")

    def __init__(self, now: int, wire: Clock) -> None:
        self.now = now
        self.wire = wire

    def wire_ms(self) -> int:
        return self.wire.now_ms()
