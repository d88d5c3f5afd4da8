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
from tradewind.trading.terms.quotes import STALE_MS, Quote
from tradewind.venues.remote.lines import KeptLine, cut, tap
from tradewind.venues.remote.pulse import Patiences, Pulse
from tradewind.venues.remote.quote_frames import Part, Price, QuoteStreams, Read, quote_streams
from tradewind.venues.remote.quote_prices import NAMES, NewestPrices, QuoteCounters, whole


@dataclass(frozen=True, slots=True)
class QuoteSettings:
    """`sanity_factor`: a price further than this from what is known is doubted until it stood for a while."""

    fallback_seconds: float = 5.0
    sanity_factor: float = 3.0
    believed_seconds: float = 10.0
    patiences: Patiences = field(default_factory=Patiences)


class LiveQuotes:
    """`trading.quotes.Quotes` over a ccxt.pro client, which stays the caller's. `start` it, `close` it.

    `mark_listeners` hear of each mark with its symbol and the venue's time of it, None where that is not told.
    Waits and stamps are those of `clock`. `on_alarm` hears of a price that nobody tells any more, once each time.
    """

    def __init__(
        self,
        client: Any,
        symbols: Sequence[str],
        clock: Clock,
        settings: QuoteSettings | None = None,
        on_alarm: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.symbols = tuple(symbols)
        self.mark_listeners: list[Callable[[str, int | None, float], None]] = []
        self.counters = QuoteCounters()
        self.settings = settings or QuoteSettings()
        self._client, self._clock, self._on_alarm = client, clock, on_alarm
        self._reader = VenueReader(client, clock, Patience(attempts=1))
        believed_ms = self.settings.believed_seconds * 1000
        self._known = {
            symbol: NewestPrices(symbol, self.settings.sanity_factor, believed_ms, self.counters)
            for symbol in self.symbols
        }
        self._pulses: dict[tuple[str, Price], Pulse] = {}
        self._lost: set[tuple[str, Price]] = set()  # prices of which was said that nobody tells them
        self._kept: dict[tuple[str, Price], KeptLine] = {}
        self._undo: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: QuoteStreams

    def newest(self, symbol: str) -> Quote | None:
        known = self._known.get(symbol)
        quote = None if known is None else known.quote
        return None if quote is None else quote.fresh(self._clock.now_ms())

    def age(self, symbol: str) -> float:
        """Seconds since a price was accepted; infinite before the first."""
        at = max(self._known[symbol].at.values())
        return (self._clock.now_ms() - at) / 1000 if at else math.inf

    def funding_times(self, symbol: str) -> tuple[int, int]:
        """When funding was due last and when it is due next, UTC ms; 0 where that was not told yet."""
        return self._known[symbol].funding_times

    async def start(self) -> None:
        """Subscribe; quotes appear as they come. A second call does nothing."""
        if self._undo:
            return
        await self._reader.call("load_markets")
        self._streams = quote_streams(self._client, self.symbols)
        for symbol in self.symbols:
            for price in self._streams.prices(symbol):
                self._pulses[symbol, price] = Pulse(self._clock.now_ms())
        for handler, read in self._streams.handlers().items():
            self._undo.append(tap(self._client, handler, partial(self._hear, read)))
        for prices, symbols, listen in self._streams.listeners():
            kept = KeptLine(listen, self._clock, on_end=self._ended)
            self._kept |= {(symbol, price): kept for symbol in symbols for price in prices}
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
        for price in self._accept(part, now):
            if (pulse := self._pulses.get((part.symbol, price))) is not None:
                pulse.beat(now)
        return True

    def _accept(self, part: Part, now: int) -> list[Price]:
        accepted = self._known[part.symbol].take(part, now)
        if Price.MARK in accepted:
            for hear in self.mark_listeners:
                hear(part.symbol, whole(part.at), float(part.prices["mark"]))
        return accepted

    async def _fall_back(self) -> None:
        """Ask REST for prices whose streams are silent; cut lines that kept something back."""
        settings = self.settings
        while True:
            await self._clock.sleep(1.0)
            now = self._clock.now_ms()
            silent: dict[str, list[Price]] = {}
            for (symbol, price), pulse in self._pulses.items():
                if now - pulse.heard_at >= settings.fallback_seconds * 1000 and pulse.asks(
                    now, settings.patiences
                ):
                    silent.setdefault(symbol, []).append(price)
                self._miss(symbol, price, now)
            for symbol, prices in silent.items():
                self._spawn(self._ask(symbol, prices))

    def _miss(self, symbol: str, price: Price, now: int) -> None:
        """Say once that neither streams nor REST tell a price that was told before."""
        at, place = self._known[symbol].at[price], (symbol, price)
        if at and now - at <= STALE_MS:
            self._lost.discard(place)
        elif at and place not in self._lost:
            self._lost.add(place)
            self._on_alarm(
                f"nothing was heard of the {price} price of {symbol} for {STALE_MS // 1000} s, by stream or by "
                "REST: until it is heard again, stops and sizes go by the other prices"
            )

    async def _ask(self, symbol: str, prices: Sequence[Price]) -> None:
        try:
            part = await self._streams.ask(self._reader, symbol, prices)
        except (TradewindError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            self.counters.rest_failures += 1
            return
        now = self._clock.now_ms()
        self.counters.by_rest += 1
        self._accept(part, now)
        for price in prices:
            pulse = self._pulses[symbol, price]
            if not pulse.silent(now, self._kept[symbol, price].since, self.settings.patiences):
                continue
            if pulse.contradicted(None, tuple(part.prices.get(name) for name in NAMES[price])):
                self.counters.silences += 1
                for line in self._streams.lines(symbol, price):
                    cut(line, f"the {price} price of {symbol} was silent while it moved")

    def _ended(self, reason: str) -> None:
        self.counters.ends += 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
