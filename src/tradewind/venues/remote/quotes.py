"""The newest prices of a run: from streams, every five seconds by REST where a stream is silent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tradewind.data.patience import Patience, VenueReader
from tradewind.market import Clock, TradewindError
from tradewind.trading.terms.quotes import Quote
from tradewind.venues.remote.lines import KeptLine, cut, tap
from tradewind.venues.remote.pulse import Patiences, Pulse
from tradewind.venues.remote.quote_frames import Part, QuoteStreams, Read, quote_streams

NAMES = ("bid", "ask", "last", "mark")


@dataclass(frozen=True, slots=True)
class QuoteSettings:
    """`sanity_factor`: a price further than this from what is known is doubted until it stood for a while."""

    fallback_seconds: float = 5.0
    sanity_factor: float = 3.0
    believed_seconds: float = 10.0
    patiences: Patiences = field(default_factory=Patiences)


@dataclass(slots=True)
class QuoteCounters:
    frames: int = 0
    bad_frames: int = 0
    rejected: int = 0  # prices that cannot be
    doubted: int = 0  # prices far from what is known
    by_rest: int = 0
    rest_failures: int = 0
    ends: int = 0
    silences: int = 0


class LiveQuotes:
    """`trading.quotes.Quotes` over a ccxt.pro client, which stays the caller's. `start` it, `close` it.

    Waits and stamps are those of `clock`.
    """

    def __init__(
        self,
        client: Any,
        symbols: Sequence[str],
        clock: Clock,
        settings: QuoteSettings | None = None,
    ) -> None:
        self.symbols = tuple(symbols)
        self.counters = QuoteCounters()
        self.settings = settings or QuoteSettings()
        self._client, self._clock = client, clock
        self._reader = VenueReader(client, clock, Patience(attempts=1))
        self._quotes: dict[str, Quote] = {}
        self._known_at: dict[str, int] = {}
        self._doubts: dict[tuple[str, str], tuple[float, int]] = {}
        self._pulses = {symbol: Pulse(clock.now_ms()) for symbol in self.symbols}
        self._kept: list[KeptLine] = []
        self._undo: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: QuoteStreams

    def newest(self, symbol: str) -> Quote | None:
        return self._quotes.get(symbol)

    def age(self, symbol: str) -> float:
        """Seconds since the newest price came; infinite before the first."""
        known_at = self._known_at.get(symbol)
        return math.inf if known_at is None else (self._clock.now_ms() - known_at) / 1000

    async def start(self) -> None:
        """Subscribe; quotes appear as they come. A second call does nothing."""
        if self._undo:
            return
        await self._reader.call("load_markets")
        self._streams = quote_streams(self._client, self.symbols)
        for handler, read in self._streams.handlers().items():
            self._undo.append(tap(self._client, handler, partial(self._hear, read)))
        for listen in self._streams.listeners():
            kept = KeptLine(listen, self._clock, on_end=self._ended)
            self._kept.append(kept)
            self._spawn(kept.keep())
        self._spawn(self._fall_back())

    async def close(self) -> None:
        for undo in self._undo:
            undo()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hear(self, read: Read, line: Any, message: Any) -> bool:
        try:
            part = read(line, message)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            self.counters.bad_frames += 1  # a frame that is not what it must be tells nothing
            return True
        if part is None:
            return False
        now = self._clock.now_ms()
        self.counters.frames += 1
        self._pulses[part.symbol].beat(now)
        self._take(part, now)
        return True

    def _take(self, part: Part, now: int) -> None:
        before = self._quotes.get(part.symbol)
        known = [math.nan] * 4 if before is None else [before.bid, before.ask, before.last, before.mark]
        after = list(known)
        for place, name in enumerate(NAMES):
            if name in part.prices:
                price = _number(part.prices[name])
                if price is None:
                    self.counters.rejected += 1
                elif self._believed(part.symbol, name, price, known, now):
                    after[place] = price
        if after[0] > after[1]:  # a book cannot be crossed: one of the two is wrong, or older
            self.counters.rejected += 1
            after[:2] = known[:2]
        if any(price == price for price in after):
            self._quotes[part.symbol] = Quote(part.symbol, self._clock.now_ms(), *after)
            self._known_at[part.symbol] = now

    def _believed(self, symbol: str, name: str, price: float, known: Sequence[float], now: int) -> bool:
        """Near to some known price; else only once it has stood for a while."""
        factor = self.settings.sanity_factor
        others = [other for other in known if other == other]
        if not others or any(_near(price, other, factor) for other in others):
            self._doubts.pop((symbol, name), None)
            return True
        self.counters.doubted += 1
        first, since = self._doubts.get((symbol, name), (price, now))
        if not _near(price, first, factor):
            first, since = price, now
        self._doubts[symbol, name] = (first, since)
        return now - since >= self.settings.believed_seconds * 1000

    async def _fall_back(self) -> None:
        """Ask REST for symbols whose streams are silent; cut lines that kept something back."""
        settings = self.settings
        while True:
            await self._clock.sleep(1.0)
            now = self._clock.now_ms()
            for symbol, pulse in self._pulses.items():
                if now - pulse.heard_at >= settings.fallback_seconds * 1000 and pulse.asks(
                    now, settings.patiences
                ):
                    self._spawn(self._ask(symbol, pulse))

    async def _ask(self, symbol: str, pulse: Pulse) -> None:
        try:
            part = await self._streams.ask(self._reader, symbol)
        except (TradewindError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            self.counters.rest_failures += 1
            return
        now = self._clock.now_ms()
        before = self._quotes.get(symbol)
        self.counters.by_rest += 1
        self._take(part, now)
        since = min(kept.since for kept in self._kept)
        after = self._quotes.get(symbol)
        if before is None or after is None or not pulse.silent(now, since, self.settings.patiences):
            return
        if pulse.contradicted(None, (after.bid, after.ask, after.last, after.mark)):
            self.counters.silences += 1
            for line in self._streams.lines(symbol):
                cut(line, f"{symbol} was silent while its market moved")

    def _ended(self, reason: str) -> None:
        self.counters.ends += 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _number(value: Any) -> float | None:
    try:
        price = float(value)
    except (TypeError, ValueError):
        return None
    return price if math.isfinite(price) and price > 0 else None


def _near(price: float, other: float, factor: float) -> bool:
    return other / factor <= price <= other * factor
