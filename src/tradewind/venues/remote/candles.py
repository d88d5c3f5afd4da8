"""Closed candles of several symbols as they happen: from streams, with REST for the start, gaps and checks.

Candles have the venue's time (`VenueClock`), which may be virtual. All waiting is done by the injected clock: what a
deadline waits for is a network and the venue's machines, and these are no faster when market time is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tradewind.data.patience import Patience, VenueReader
from tradewind.market import Bar, Clock, DataError, Snapshot, Timeframe, TradewindError
from tradewind.trading.quotes import Quotes
from tradewind.venues.remote.candle_checks import GivenOut, Revised
from tradewind.venues.remote.candle_feed import Counters, SymbolFeed, within
from tradewind.venues.remote.candle_frames import CandleStreams, Told, candle_streams
from tradewind.venues.remote.candle_history import SURE_MS, Row, bar_of, read_span
from tradewind.venues.remote.candle_join import SnapshotJoin
from tradewind.venues.remote.candle_past import Past, refuse_short, refuse_unknown
from tradewind.venues.remote.lines import KeptLine, cut, tap
from tradewind.venues.remote.pulse import Patiences
from tradewind.venues.remote.venue_clock import VenueClock

SWEEP_SECONDS = 0.25
FUTURE_MS = 1_000  # a candle that opens later than this from now cannot be
LOOK_BACK = 2  # bars before a gap that are read again with it


@dataclass(frozen=True, slots=True)
class CandleSettings:
    """Seconds of the clock. `sanity_factor`: prices further than this from what is known are doubted."""

    deadline_seconds: float = 5.0  # after the close: then a symbol that is missing is masked
    decide_within_seconds: float = 10.0  # after the close: later a snapshot is no longer in time
    check_after_seconds: float = 1.0  # after the close: then REST is asked
    sanity_factor: float = 3.0
    confirmations: int = 3  # of a doubted bar by REST, until it is believed
    concurrency: int = 8
    retry_seconds: float = 1.0
    longest_retry_seconds: float = 30.0
    patiences: Patiences = field(default_factory=Patiences)  # with streams that are silent
    patience: Patience = field(default_factory=Patience)  # of the warm-up


class LiveCandles:
    """`market.CandleSource`: every closed bar from `since` (or the last `warm_up` bars) on, each once, in order.

    `on_revised` hears of bars that were taken and are now told otherwise, always between two snapshots.
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
        on_revised: Callable[[Revised], None] | None = None,
        on_alarm: Callable[[str], None] | None = None,
    ) -> None:
        self.symbols, self.timeframe = tuple(symbols), timeframe
        self.settings = settings or CandleSettings()
        self.counters = Counters()
        self._client, self._clock, self._venue, self._quotes = client, clock, venue, quotes
        self._warm_up, self._since, self._step = warm_up, since, timeframe.ms
        self._alarm = on_alarm or (lambda text: None)
        self._given = GivenOut(self.symbols, self.counters, on_revised or (lambda revised: None), self._alarm)
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._feeds = [SymbolFeed(self._step, clock.now_ms()) for _ in self.symbols]
        self._reader = VenueReader(client, clock, Patience(attempts=1))
        self._lines: dict[int, KeptLine] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[int] = set()  # symbols that REST is being asked about
        self._tries: dict[int, tuple[int, int]] = {}  # by symbol: reads in vain, and when the next is due
        self._doubts: dict[tuple[int, int], tuple[Bar, int]] = {}
        self._news = asyncio.Event()
        self._error: BaseException | None = None
        self._untap: Callable[[], None] | None = None
        self._join: SnapshotJoin
        self._streams: CandleStreams
        self._open = False  # may snapshots be given out?

    # --- what a consumer calls

    async def __aiter__(self) -> AsyncIterator[Snapshot]:
        await self.start()
        try:
            while True:
                while self._given.waiting:
                    yield self._given.waiting.popleft()
                if self._error is not None:
                    raise self._error
                self._news.clear()
                await self._news.wait()
        finally:
            await self.close()

    def in_time(self, snapshot: Snapshot) -> bool:
        """Whether its close became known so lately that a decision on it still makes sense."""
        known_at = self._given.known_at(snapshot)
        limit = self.settings.decide_within_seconds * 1000
        return known_at is not None and self._clock.now_ms() - known_at <= limit

    def data_age(self, symbol: str) -> float:
        """Seconds since anything was learnt about a symbol, by stream or by REST."""
        return (self._clock.now_ms() - self._feeds[self._index[symbol]].learnt_at) / 1000

    async def start(self) -> None:
        """Streams first, then history up to where they began; a second call does nothing."""
        if self._untap is not None:
            return
        reader = VenueReader(self._client, self._clock, self.settings.patience)
        await reader.call("load_markets")
        refuse_unknown(self._client, self.symbols)
        self._streams = candle_streams(self._client, self.symbols, self.timeframe)
        await self._venue.measure()
        end = (self._venue.now_ms() - SURE_MS) // self._step * self._step
        start = end - self._warm_up * self._step if self._since is None else self._since
        end = max(start, end)
        self._join = SnapshotJoin(len(self.symbols), self._step, end)
        self._untap = tap(self._client, self._streams.handler, self._hear)
        for group in self._streams.groups():
            self._keep(group)
        await self._warm(reader, start, end)
        self._open = True
        self._drain()
        self._spawn(self._sweep())

    async def close(self) -> None:
        """End all tasks. The client stays open: it is the caller's."""
        if self._untap is not None:
            self._untap()
        for task in self._tasks:
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
            snapshot = Snapshot(opened, opened + self._step, bars)
            age = self._venue.now_ms() - snapshot.close_time
            self._given.give(snapshot, now - age, now + self._seconds(self.settings.check_after_seconds))
        for feed, symbol in zip(self._feeds, self.symbols, strict=True):
            if found[symbol]:
                feed.last_close = found[symbol][max(found[symbol])].close

    def _keep(self, group: Sequence[str]) -> None:
        places = [self._index[symbol] for symbol in group]

        def ended(reason: str) -> None:
            self.counters.ends += 1
            for index in places:
                self._feeds[index].broken()

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
                self._take(one, now)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError):
            self.counters.bad_frames += 1  # a frame that is not what it must be tells nothing
            return True
        return bool(told)

    def _take(self, told: Told, now: int) -> None:
        index = self._index[told.symbol]
        feed = self._feeds[index]
        self.counters.frames += 1
        if told.open_time % self._step or told.open_time > self._venue.now_ms() + FUTURE_MS:
            self.counters.rejected += 1
            return
        feed.heard(told, now)
        if told.open_time < self._join.next_open:
            self.counters.old += 1
            return
        closed = feed.closes(told)
        if closed is None:
            self.counters.early += bool(told.closed)
        else:
            self._offer(index, closed.open_time, closed.values, now)

    def _offer(self, index: int, open_time: int, values: Sequence[Any], now: int) -> None:
        try:
            bar = bar_of(open_time, self._step, values)
        except DataError:
            self.counters.rejected += 1
            return
        if not within(bar, self._references(index), self.settings.sanity_factor):
            self.counters.doubted += 1
            return
        self._accept(index, bar, now)

    def _accept(self, index: int, bar: Bar, now: int) -> None:
        if self._join.add(index, bar, now):
            self._feeds[index].last_close = bar.close
            self.counters.zero_volume += bar.volume == 0
            self._drain()

    def _drain(self) -> None:
        while self._open and (whole := self._join.take()) is not None:
            snapshot, known_at = whole
            check_at = known_at + self._seconds(self.settings.check_after_seconds)
            self._given.give(snapshot, known_at, check_at)
            self._news.set()

    def _references(self, index: int) -> list[float]:
        """What is known of the price without the bar: the close before it, the book and the mark."""
        close = self._feeds[index].last_close
        found = [] if close is None else [close]
        quote = self._quotes.newest(self.symbols[index]) if self._quotes else None
        if quote is not None:
            found += [price for price in (quote.bid, quote.ask, quote.mark) if price > 0]
        return found

    # --- the sweep: what time brings

    async def _sweep(self) -> None:
        while True:
            now = self._clock.now_ms()
            self._note_closes(now)
            self._mask(now)
            wanted = self._given.due(now) | self._lacking(now)
            for index, since in wanted.items():
                self._ask(index, since, now)
            for index in range(len(self.symbols)):
                self._watch(index, now)
            await self._clock.sleep(SWEEP_SECONDS)

    def _note_closes(self, now: int) -> None:
        """Bars whose close has passed at the venue, whether or not anybody told of them."""
        closed = self._venue.now_ms() - self._step
        for opened in range(self._join.next_open, closed + 1, self._step):
            self._join.closing(opened, now)

    def _mask(self, now: int) -> None:
        limit = self._seconds(self.settings.deadline_seconds)
        for _, closing in list(self._join.waiting()):
            if closing.first_at is None or closing.due(limit) > now:
                break  # while no symbol has it, the feed is down: nothing is given out, and its age grows
            self.counters.masked += len(closing.lacking())
            closing.absent.update(closing.lacking())
            self._drain()

    def _lacking(self, now: int) -> dict[int, int]:
        """By symbol, the open time of the oldest bar that should be here."""
        wait = self._seconds(self.settings.check_after_seconds)
        found: dict[int, int] = {}
        for opened, closing in self._join.waiting():
            if closing.known_at + wait <= now:
                for index in closing.lacking():
                    found.setdefault(index, opened)
        return found

    def _ask(self, index: int, since: int, now: int) -> None:
        tries, due = self._tries.get(index, (0, 0))
        if index in self._busy or now < due:
            return
        settings = self.settings
        wait = settings.retry_seconds * 2 ** max(0, tries - int(settings.deadline_seconds))
        wait = min(wait, settings.longest_retry_seconds)
        self._tries[index] = (tries + 1, now + self._seconds(wait))
        self._spawn(self._read(index, since - LOOK_BACK * self._step))

    async def _read(self, index: int, start: int) -> None:
        """What REST tells of a symbol from then on."""
        found = await self._rows(index, start)
        if found is not None:
            self._learn(index, start, *found)

    async def _rows(self, index: int, start: int) -> tuple[list[Row], int] | None:
        """None when the venue did not answer, or not with candles."""
        self._busy.add(index)
        try:
            symbol, end = self.symbols[index], self._venue.now_ms() + self._step
            return await read_span(self._reader, self._venue.now_ms, symbol, self.timeframe, start, end)
        except (TradewindError, TypeError, ValueError, IndexError):
            self.counters.rest_failures += 1
            return None
        finally:
            self._busy.discard(index)

    def _learn(self, index: int, start: int, rows: Iterable[Row], told_until: int) -> None:
        """Closed candles from `start` on, and up to where they are all that the venue has."""
        now, whole = self._clock.now_ms(), True
        for row in rows:
            try:
                bar = bar_of(int(row[0]), self._step, row[1:6])
            except DataError:
                self.counters.rejected += 1
                whole = False
                continue
            if bar.close_time > self._venue.now_ms() + FUTURE_MS or not self._believed(index, bar):
                whole = False
                continue
            self._feeds[index].learnt_at = now
            if self._given.holds(bar.open_time):
                self._given.compare(index, bar)
            elif bar.open_time >= self._join.next_open:
                self.counters.backfilled += 1
                self._accept(index, bar, now)
        if whole and told_until > start:
            self._tries[index] = (0, now + self._seconds(self.settings.retry_seconds))
            self._given.passed(index, start, told_until)
            self._leave_out(index, start, told_until)

    def _believed(self, index: int, bar: Bar) -> bool:
        """A bar far from all that is known is believed once REST has told it several times."""
        if within(bar, self._references(index), self.settings.sanity_factor):
            return True
        place = (index, bar.open_time)
        before, times = self._doubts.get(place, (bar, 0))
        times = times + 1 if before == bar else 1
        self._doubts[place] = (bar, times)
        self.counters.doubted += 1
        return times >= self.settings.confirmations

    def _leave_out(self, index: int, start: int, until: int) -> None:
        """Bars that the venue told over do not exist."""
        for opened, closing in list(self._join.waiting()):
            if start <= opened < until and index in closing.lacking():
                closing.absent.add(index)
                self.counters.missing += 1
        self._drain()

    # --- streams that say nothing

    def _watch(self, index: int, now: int) -> None:
        pulse, patiences = self._feeds[index].pulse, self.settings.patiences
        if index in self._busy or not pulse.silent(now, self._lines[index].since, patiences):
            return
        if pulse.asks(now, patiences):
            self._spawn(self._probe(index))

    async def _probe(self, index: int) -> None:
        """Ask REST what a silent stream may have kept back; cut its line when there is something."""
        symbol, feed = self.symbols[index], self._feeds[index]
        self._busy.add(index)
        try:
            start = self._venue.now_ms() - 2 * self._step
            rows = await self._reader.call("fetch_ohlcv", symbol, self.timeframe.text, start, 4)
        except TradewindError:
            self.counters.rest_failures += 1
            return
        finally:
            self._busy.discard(index)
        since = self._lines[index].since
        said = _said(feed.newest) if feed.newest and feed.pulse.heard_at > since else None
        line = self._streams.line(symbol)
        if (
            not rows
            or line is None
            or not feed.pulse.silent(self._clock.now_ms(), since, self.settings.patiences)
        ):
            return
        if feed.pulse.contradicted(said, tuple(rows[-1][:6])):
            self.counters.silences += 1
            cut(line, f"{symbol} was silent while its market moved")

    # --- tasks

    def _seconds(self, seconds: float) -> int:
        return round(seconds * 1000)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = error
            self._news.set()


def _said(told: Told) -> tuple[float, ...]:
    try:
        return (told.open_time, *(float(v) for v in told.values))
    except (TypeError, ValueError):
        return ()  # nothing that REST could have said too
