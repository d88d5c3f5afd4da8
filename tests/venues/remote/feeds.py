"""The local exchange, real ccxt clients of it, and what a test asks of candles over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from tests.gateway.exchange_here import NOW, opened
from tests.promises.virtual_time import run_virtually, wire_clock
from tradewind.clients import connect
from tradewind.data.patience import VenueReader
from tradewind.gateway.compose import LocalExchange
from tradewind.gateway.faults.rules import Rule, rule_of
from tradewind.market import Bar, Clock, Snapshot, Timeframe
from tradewind.venues.remote.candle_assembly import CandleSettings
from tradewind.venues.remote.candle_checks import Revised
from tradewind.venues.remote.candles import LiveCandles
from tradewind.venues.remote.perpetual_feed import PerpetualFeed
from tradewind.venues.remote.quotes import LiveQuotes
from tradewind.venues.remote.venue_clock import SteadyClock, VenueClock

MINUTE = 60_000
GRACE = 0.01  # long histories are more than the kernel hands over at once
BINANCE_SPOT = ("binance", ("BTC/USDT", "ETH/USDT"))
BINANCE_PERPETUAL = ("binanceusdm", ("BTC/USDT:USDT", "ETH/USDT:USDT"))
BITGET_SPOT = ("bitget", ("BTC/USDT", "ETH/USDT"))
BITGET_PERPETUAL = ("bitget", ("BTC/USDT:USDT", "ETH/USDT:USDT"))
PLACES = [BINANCE_SPOT, BINANCE_PERPETUAL, BITGET_SPOT, BITGET_PERPETUAL]
Place = tuple[str, tuple[str, ...]]


Test = Callable[..., Coroutine[Any, Any, None]]


def over_sockets(test: Test) -> Callable[..., None]:
    """A test that is a coroutine, in virtual time."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        run_virtually(test(*arguments, **named), GRACE)

    return run


def by_the_wall(test: Test) -> Callable[..., None]:
    """A test that is a coroutine, in the time of this machine."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


class QuickClock:
    """Steady time that runs faster than the wire's: waits of the product's own length take a fraction of it."""

    def __init__(self, rate: float = 10.0) -> None:
        self._rate, self._time = rate, asyncio.get_running_loop().time
        self._began, self._base = self._time(), wire_clock().now_ms()

    def now_ms(self) -> int:
        return int(self._base + (self._time() - self._began) * 1000 * self._rate)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._rate)


@dataclass
class Feed:
    """Candles of one place, read in the background into `got`."""

    exchange: LocalExchange
    client: Any
    candles: LiveCandles
    clock: Clock
    got: list[Snapshot] = field(default_factory=list)
    revised: list[Revised] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        async for snapshot in self.candles:
            self.got.append(snapshot)

    async def minutes(self, count: int = 1, ms: int = MINUTE) -> None:
        """Market time goes on by so many bars; between them frames travel."""
        for _ in range(count):
            self.exchange.clock.step(ms)
            self.exchange.server.beat()
            await asyncio.sleep(0.03)

    async def until(self, true: Callable[[], Any], seconds: float = 8.0) -> None:
        """Fails when it does not become true in time, or the feed ended."""
        time = asyncio.get_running_loop().time
        end = time() + seconds
        while not true():
            assert self.reading is not None
            if self.reading.done():
                self.reading.result()
            assert time() < end, f"not within {seconds} s: {self.candles.counters}"
            await asyncio.sleep(0.01)

    async def live(self) -> None:
        """Until every symbol's stream has spoken; time moves on a little, since some speak only of trades."""
        await self.until(lambda: self.got)
        while not all(feed.newest for feed in self.candles._bars.feeds):
            await self.minutes(1, 500)

    def fault(self, do: str, **settings: Any) -> Rule:
        return self.exchange.faults.add(rule_of({"do": do} | settings))

    async def history(self, symbol: str, start: int, end: int) -> list[Bar]:
        """What the exchange's REST history has, through another way than the feed's."""
        rows = await self.client.fetch_ohlcv(symbol, self.candles.timeframe.text, start, 900)
        step = self.candles.timeframe.ms
        return [Bar(int(r[0]), int(r[0]) + step, *r[1:6]) for r in rows if start <= r[0] < end]

    def assert_contiguous(self) -> None:
        times = [s.open_time for s in self.got]
        assert times == list(range(times[0], times[0] + len(times) * MINUTE, MINUTE))


@asynccontextmanager
async def feeding(
    folder: Path,
    place: Place,
    *,
    timeframe: str = "1m",
    warm_up: int = 20,
    since: int | None = None,
    settings: CandleSettings | None = None,
    clock: Clock | None = None,
    symbols: Sequence[str] | None = None,
    quotes: Any = None,
    perpetual: bool = False,
    **exchange_changes: Any,
) -> AsyncIterator[Feed]:
    """A feed that runs until the end of the block; its exchange stands still unless `speed` is given.

    `perpetual`: with marks and funding.
    """
    wire = wire_clock()
    usual = {"limits": 0.0, "tls": False, "start_ms": NOW + 2_000, "wire": wire}
    async with opened(folder, **usual | exchange_changes) as exchange:
        client = connect(place[0], "local", at=exchange.url, market_time=exchange.clock, wire_time=wire)
        steady = clock or SteadyClock(wire, asyncio.get_running_loop().time)
        revised: list[Revised] = []
        alarms: list[str] = []
        venue = VenueClock(VenueReader(client, steady), steady, wall=wire, market=exchange.clock)
        told = LiveQuotes(client, symbols or place[1], steady) if perpetual else None
        marks = None
        if told is not None:
            await told.start()
            marks = PerpetualFeed(client, Timeframe(timeframe), steady, venue, told, alarms.append)
        candles = LiveCandles(
            client,
            symbols or place[1],
            Timeframe(timeframe),
            steady,
            venue,
            warm_up=warm_up,
            since=since,
            settings=settings,
            quotes=quotes or told,
            perpetuals=marks,
            on_revised=revised.append,
            on_alarm=alarms.append,
        )
        feed = Feed(exchange, client, candles, steady, revised=revised, alarms=alarms)
        feed.reading = asyncio.create_task(feed.read())
        try:
            yield feed
        finally:
            feed.reading.cancel()
            await asyncio.gather(feed.reading, return_exceptions=True)
            await candles.close()
            if told is not None:
                await told.close()
            await client.close()
