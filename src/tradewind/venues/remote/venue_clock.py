"""What time it is at a venue, whatever the wall of this machine says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tradewind.data.patience import VenueReader
from tradewind.market import Clock, TradewindError, WallClock

REMEASURE_SECONDS = 600.0
LOOK_SECONDS = 5.0
JUMP_MS = 500
ALARM_MS = 1_000
SAMPLES = 3


class SteadyClock:
    """UTC ms as the wall had it at the start, from then on by the monotonic timer: no step of the wall moves it."""

    def __init__(self, wall: Clock | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._base = (wall or WallClock()).now_ms() - monotonic() * 1000

    def now_ms(self) -> int:
        return int(self._base + self._monotonic() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VenueClock:
    """`now_ms` is the venue's time of candles: steady time plus the measured offset, or `market` time where given.

    The offset is measured at the start, every ten minutes, and at once when the wall jumps against the steady
    clock (a step of NTP, a hand, a laptop that slept). `skew_ms` is how far the venue is ahead of the wall, which
    signs requests; more than a second is an alarm. A ccxt client that corrects its signatures gets the new skew.
    """

    def __init__(
        self,
        reader: VenueReader,
        clock: Clock,
        *,
        wall: Clock | None = None,
        market: Clock | None = None,
        on_alarm: Callable[[str], None] | None = None,
        on_jump: Callable[[int], None] | None = None,
    ) -> None:
        self.offset_ms = self.skew_ms = 0
        self.measured = self.failures = self.jumps = 0
        self._reader, self._clock, self._market = reader, clock, market
        self._wall = wall or WallClock()
        self._alarm, self._jumped = on_alarm or _ignore, on_jump or _ignore
        self._apart = self._wall_ahead()
        self._measured_at = 0

    def now_ms(self) -> int:
        return self._market.now_ms() if self._market else self._clock.now_ms() + self.offset_ms

    def ms_since(self, at: int) -> int:
        """Milliseconds of the wire since a time of candles: fewer than those of a market that runs faster."""
        return round((self.now_ms() - at) / self.pace)

    @property
    def pace(self) -> float:
        """Seconds of market time in one of the wire."""
        return float(getattr(self._market, "speed", 1.0)) or 1.0

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def measure(self) -> None:
        """Ask the venue a few times; the quickest answer counts. `VenueUnavailable` when it does not answer."""
        best: tuple[int, int] | None = None
        for _ in range(SAMPLES):
            sent = self._clock.now_ms()
            told = int(await self._reader.call("fetch_time"))
            back = self._clock.now_ms()
            sample = (back - sent, told - (sent + back) // 2)
            best = sample if best is None else min(best, sample)
        assert best is not None
        self.offset_ms = best[1]
        self._apart = self._wall_ahead()
        self.skew_ms = self.offset_ms - self._apart
        self._measured_at = self._clock.now_ms()
        self.measured += 1
        options = self._reader.client.options
        if options.get("adjustForTimeDifference"):
            options["timeDifference"] = -self.skew_ms
        if abs(self.skew_ms) > ALARM_MS:
            self._alarm(
                f"this machine's clock is {-self.skew_ms / 1000:+.1f} s off the venue's: set it by NTP, or orders "
                "will be refused"
            )

    async def keep(self) -> None:
        """Measure again whenever it is due, until cancelled; what cannot be measured is tried at the next look."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            jump = self._wall_ahead() - self._apart
            if abs(jump) > JUMP_MS:
                self._apart += jump
                self.jumps += 1
                self._measured_at = 0
                self._jumped(jump)
            if self._clock.now_ms() - self._measured_at >= REMEASURE_SECONDS * 1000:
                try:
                    await self.measure()
                except TradewindError:
                    self.failures += 1

    def _wall_ahead(self) -> int:
        return self._wall.now_ms() - self._clock.now_ms()


def _ignore(what: object) -> None:
    """Nobody wants to hear it."""
