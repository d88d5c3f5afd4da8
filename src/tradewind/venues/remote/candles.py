"""Closed candles of several symbols as they happen: from streams, with REST for the start, gaps and checks.

Candles have the venue's time (`VenueClock`), which may be virtual. All waiting is done by the injected clock: what a
deadline waits for is a network and the venue's machines, and these are no faster when market time is.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from tradewind.data.patience import Patience, VenueReader
from tradewind.market import Clock, Snapshot, Timeframe, TradewindError
from tradewind.trading.terms.quotes import Quotes
from tradewind.venues.remote.candle_assembly import Assembly, CandleSettings, milliseconds
from tradewind.venues.remote.candle_checks import GivenOut, Revised
from tradewind.venues.remote.candle_feed import Counters
from tradewind.venues.remote.candle_frames import CandleStreams, Told, candle_streams
from tradewind.venues.remote.candle_history import SURE_MS, Row, read_span
from tradewind.venues.remote.candle_past import Past, refuse_short, refuse_unknown
from tradewind.venues.remote.lines import KeptLine, cut, tap
from tradewind.venues.remote.perpetual_feed import PerpetualFeed
from tradewind.venues.remote.venue_clock import VenueClock

SWEEP_SECONDS = 0.25
LOOK_BACK = 2  # bars before a gap that are read again with it
_NOTHING_LEARNT = (TradewindError, KeyError, TypeError, ValueError, IndexError, AttributeError)


class LiveCandles:
    """`market.CandleSource`: every closed bar from `since` (or the last `warm_up` bars) on, each once, in order.

    `perpetuals` completes bars with marks and funding.
    `bulk` is a second client, for history and checks: what they take does not hold up `client`.
    `on_revised` hears of bars that were taken and are now told otherwise: when the next snapshot is asked for, and
    before that comes.
    `ConfigError` at the start for a symbol that the venue has not, or has for too short; `VenueUnavailable` when it
    does not answer. Afterwards nothing that the venue does ends it.
    """

    def __init__(
        self,
        client: Any,
        symbols: Sequence[str],
        timeframe: Timeframe,
        clock: Clock,
        venue: VenueClock,
        *,
        warm_up: int = 0,
        since: int | None = None,
        settings: CandleSettings | None = None,
        quotes: Quotes | None = None,
        perpetuals: PerpetualFeed | None = None,
        bulk: Any = None,
        on_revised: Callable[[Revised], None] | None = None,
        on_alarm: Callable[[str], None] | None = None,
    ) -> None:
        self.symbols, self.timeframe = tuple(symbols), timeframe
        self.settings = settings or CandleSettings()
        self.counters = Counters()
        self._client, self._clock, self._venue, self._quotes = client, clock, venue, quotes
        self._warm_up, self._since, self._step = warm_up, since, timeframe.ms
        self._perpetuals = perpetuals
        self._on_revised = on_revised or _ignore
        self._revised: deque[Revised] = deque()  # not told yet
        self._given = GivenOut(self.symbols, self.counters, self._revise, on_alarm or _ignore)
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._rest = client if bulk is None else bulk
        self._reader = VenueReader(self._rest, clock, Patience(attempts=1))
        self._lines: dict[int, KeptLine] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[int] = set()  # symbols that REST is being asked about
        self._tries: dict[int, tuple[int, int]] = {}  # by symbol: reads in vain, and when the next is due
        self._news = asyncio.Event()
        self._error: BaseException | None = None
        self._untap: Callable[[], None] | None = None
        self._streams: CandleStreams
        self._bars: Assembly

    # --- what a consumer calls

    async def __aiter__(self) -> AsyncIterator[Snapshot]:
        try:
            await self.start()
            while True:
                while self._revised or self._given.waiting:
                    while self._revised:
                        self._on_revised(self._revised.popleft())
                    if self._given.waiting:
                        yield self._given.waiting.popleft()
                if self._error is not None:
                    raise self._error
                self._news.clear()
                await self._news.wait()
        finally:
            await self.close()

    def _revise(self, revised: Revised) -> None:
        self._revised.append(revised)
        self._news.set()

    def in_time(self, snapshot: Snapshot) -> bool:
        """Whether its close became known so lately that a decision on it still makes sense."""
        known_at = self._given.known_at(snapshot)
        limit = self.settings.decide_within_seconds * 1000
        return known_at is not None and self._clock.now_ms() - known_at <= limit

    def data_age(self, symbol: str) -> float:
        """Seconds since anything was learnt about a symbol, by stream or by REST; infinite before the start."""
        if self._untap is None:
            return math.inf
        return (self._clock.now_ms() - self._bars.feeds[self._index[symbol]].learnt_at) / 1000

    async def start(self) -> None:
        """Streams first, then history up to where they began; a second call does nothing."""
        if self._untap is not None:
            return
        reader = VenueReader(self._rest, self._clock, self.settings.patience)
        await reader.call("load_markets")
        refuse_unknown(self._rest, self.symbols)
        self._streams = candle_streams(self._client, self.symbols, self.timeframe)
        await self._venue.measure()
        end = (self._venue.now_ms() - SURE_MS) // self._step * self._step
        start = end - self._warm_up * self._step if self._since is None else self._since
        end = max(start, end)
        self._bars = Assembly(
            self.symbols,
            self._step,
            end,
            self._clock,
            self._venue,
            self.settings,
            self.counters,
            self._quotes,
            self._given,
            self._news.set,
            self._complete,
        )
        self._untap = tap(self._client, self._streams.handler, self._hear)
        for group in self._streams.groups():
            self._keep(group)
        if self._perpetuals is not None:
            if self._since is None:
                self._perpetuals.begin(end)
            else:
                await self._perpetuals.go_on(reader, start, end)
            self._spawn(self._perpetuals.keep())
        await self._warm(reader, start, end)
        self._bars.open()
        self._spawn(self._sweep())

    async def close(self) -> None:
        """End all tasks. The client stays open: it is the caller's."""
        if self._untap is not None:
            self._untap()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- the start

    async def _warm(self, reader: VenueReader, start: int, end: int) -> None:
        past = Past(reader, self._venue.now_ms, self.timeframe, self.settings.confirmations)
        found = await past.read(self.symbols, start, end, self.settings.concurrency)
        self.counters.rejected += past.refused
        if self._since is None:
            refuse_short(self._client.id, self.timeframe, self._warm_up, start, found)
        now = self._clock.now_ms()
        for opened in range(start, end, self._step):
            bars = tuple(found[symbol].get(opened) for symbol in self.symbols)
            snapshot = self._complete(Snapshot(opened, opened + self._step, bars))
            age = self._venue.ms_since(snapshot.close_time)
            self._given.give(snapshot, now - age, now + milliseconds(self.settings.check_after_seconds))
        for feed, symbol in zip(self._bars.feeds, self.symbols, strict=True):
            if found[symbol]:
                feed.last_close = found[symbol][max(found[symbol])].close

    def _complete(self, snapshot: Snapshot) -> Snapshot:
        """With what perpetuals have beside prices."""
        if self._perpetuals is None:
            return snapshot
        return self._perpetuals.complete(self.symbols, snapshot)

    def _keep(self, group: Sequence[str]) -> None:
        places = [self._index[symbol] for symbol in group]

        def ended(reason: str) -> None:
            self.counters.ends += 1
            for index in places:
                self._bars.feeds[index].broken()

        line = KeptLine(partial(self._streams.listen, group), self._clock, on_end=ended)
        for index in places:
            self._lines[index] = line
        self._spawn(line.keep())

    # --- frames

    def _hear(self, line: Any, message: Any) -> bool:
        try:
            told = self._streams.read(line, message)
            now = self._clock.now_ms()
            for one in told:
                self._bars.take(one, now)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError):
            self.counters.bad_frames += 1  # a frame that is not what it must be tells nothing
            return True
        return bool(told)

    # --- the sweep: what time brings

    async def _sweep(self) -> None:
        while True:
            now = self._clock.now_ms()
            self._bars.note_closes(now)
            self._bars.mask(now)
            lacking, unchecked = self._bars.lacking(now), self._given.due(now)
            for index in lacking.keys() | unchecked.keys():
                since = min(found[index] for found in (lacking, unchecked) if index in found)
                self._ask(index, since, now)
            for index in range(len(self.symbols)):
                self._watch(index, now)
            await self._clock.sleep(SWEEP_SECONDS)

    def _ask(self, index: int, since: int, now: int) -> None:
        tries, due = self._tries.get(index, (0, 0))
        if index in self._busy or now < due:
            return
        settings = self.settings
        wait = settings.retry_seconds * 2 ** max(0, tries - int(settings.deadline_seconds))
        wait = min(wait, settings.longest_retry_seconds)
        self._tries[index] = (tries + 1, now + milliseconds(wait))
        self._busy.add(index)
        self._spawn(self._read(index, since - LOOK_BACK * self._step))

    async def _read(self, index: int, start: int) -> None:
        """What REST tells of a symbol from then on."""
        found = await self._rows(index, start)
        if found is not None and self._bars.learn(index, start, *found):
            wait = milliseconds(self.settings.retry_seconds)
            self._tries[index] = (0, self._clock.now_ms() + wait)

    async def _rows(self, index: int, start: int) -> tuple[list[Row], int] | None:
        """None when the venue did not answer, or not with candles."""
        try:
            symbol, end = self.symbols[index], self._venue.now_ms() + self._step
            return await read_span(self._reader, self._venue.now_ms, symbol, self.timeframe, start, end)
        except _NOTHING_LEARNT:
            self.counters.rest_failures += 1
            return None
        finally:
            self._busy.discard(index)

    # --- streams that say nothing

    def _watch(self, index: int, now: int) -> None:
        pulse, patiences = self._bars.feeds[index].pulse, self.settings.patiences
        if index in self._busy or not pulse.silent(now, self._lines[index].since, patiences):
            return
        if pulse.asks(now, patiences):
            self._busy.add(index)
            self._spawn(self._probe(index))

    async def _probe(self, index: int) -> None:
        """Ask REST what a silent stream may have kept back; cut its line when there is something."""
        symbol, feed = self.symbols[index], self._bars.feeds[index]
        try:
            start = self._venue.now_ms() - 2 * self._step
            rows = await self._reader.call("fetch_ohlcv", symbol, self.timeframe.text, start, 4)
        except _NOTHING_LEARNT:
            self.counters.rest_failures += 1
            return
        finally:
            self._busy.discard(index)
        since = self._lines[index].since
        said = _said(feed.newest) if feed.newest and feed.pulse.heard_at > since else None
        line = self._streams.line(symbol)
        still = feed.pulse.silent(self._clock.now_ms(), since, self.settings.patiences)
        if rows and line is not None and still and feed.pulse.contradicted(said, tuple(rows[-1][:6])):
            self.counters.silences += 1
            cut(line, f"{symbol} was silent while its market moved")

    # --- tasks

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = error
            self._news.set()


def _ignore(what: object) -> None:
    """Nobody wants to hear it."""


def _said(told: Told) -> tuple[float, ...]:
    try:
        return (told.open_time, *(float(v) for v in told.values))
    except (TypeError, ValueError):
        return ()  # nothing that REST could have said too
