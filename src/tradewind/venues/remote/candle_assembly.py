"""From frames and rows to snapshots: what is believed, what is missing, what is given out. No I/O, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tradewind.data.patience import Patience
from tradewind.market import Bar, Clock, DataError, Snapshot
from tradewind.trading.terms.quotes import Quotes
from tradewind.venues.remote.candle_checks import GivenOut
from tradewind.venues.remote.candle_feed import Counters, SymbolFeed, within
from tradewind.venues.remote.candle_frames import Told
from tradewind.venues.remote.candle_history import Row, bar_of
from tradewind.venues.remote.candle_join import SnapshotJoin
from tradewind.venues.remote.pulse import Patiences

FUTURE_MS = 1_000  # a candle that opens later than this from now cannot be


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


class Assembly:
    """The bars of a run on their way into snapshots. `news` is called when one was given out, `complete` before.

    `clock` tells when something became known here, `venue` what time it is for candles.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        step: int,
        next_open: int,
        clock: Clock,
        venue: Clock,
        settings: CandleSettings,
        counters: Counters,
        quotes: Quotes | None,
        given: GivenOut,
        news: Callable[[], None],
        complete: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot,
    ) -> None:
        self.symbols, self.settings, self.counters, self.given = tuple(symbols), settings, counters, given
        self.feeds = [SymbolFeed(step, clock.now_ms()) for _ in symbols]
        self.join = SnapshotJoin(len(self.symbols), step, next_open)
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._step, self._clock, self._venue, self._quotes = step, clock, venue, quotes
        self._doubts: dict[tuple[int, int], tuple[Bar, int]] = {}
        self._news, self._complete = news, complete
        self._open = False

    def open(self) -> None:
        """History is given out: from now on snapshots follow it."""
        self._open = True
        self._drain()

    # --- frames

    def take(self, told: Told, now: int) -> None:
        index = self._index[told.symbol]
        feed = self.feeds[index]
        self.counters.frames += 1
        if told.open_time % self._step or told.open_time > self._venue.now_ms() + FUTURE_MS:
            self.counters.rejected += 1
            return
        feed.heard(told, now)
        if told.open_time < self.join.next_open:
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
        if self.join.add(index, bar, now):
            self.feeds[index].last_close = bar.close
            self.counters.zero_volume += bar.volume == 0
            self._drain()

    def _drain(self) -> None:
        while self._open and (whole := self.join.take()) is not None:
            snapshot, known_at = whole
            check_at = known_at + milliseconds(self.settings.check_after_seconds)
            self.given.give(self._complete(snapshot), known_at, check_at)
            self._news()

    def _references(self, index: int) -> list[float]:
        """What is known of the price without the bar: the close before it, the book and the mark."""
        close = self.feeds[index].last_close
        found = [] if close is None else [close]
        quote = self._quotes.newest(self.symbols[index]) if self._quotes else None
        if quote is not None:
            found += [price for price in (quote.bid, quote.ask, quote.mark) if price > 0]
        return found

    # --- what time brings

    def note_closes(self, now: int) -> None:
        """Bars whose close has passed at the venue, whether or not anybody told of them."""
        closed = self._venue.now_ms() - self._step
        for opened in range(self.join.next_open, closed + 1, self._step):
            self.join.closing(opened, now)

    def mask(self, now: int) -> None:
        limit = milliseconds(self.settings.deadline_seconds)
        for _, closing in list(self.join.waiting()):
            if closing.first_at is None or closing.due(limit) > now:
                break  # while no symbol has it, the feed is down: nothing is given out, and its age grows
            self.counters.masked += len(closing.lacking())
            closing.absent.update(closing.lacking())
            self._drain()

    def lacking(self, now: int) -> dict[int, int]:
        """By symbol, the open time of the oldest bar that should be here."""
        wait = milliseconds(self.settings.check_after_seconds)
        found: dict[int, int] = {}
        for opened, closing in self.join.waiting():
            if closing.known_at + wait <= now:
                for index in closing.lacking():
                    found.setdefault(index, opened)
        return found

    # --- what REST tells

    def learn(self, index: int, start: int, rows: Iterable[Row], told_until: int) -> bool:
        """Closed candles from `start` on, and up to where they are all that the venue has. False: ask again."""
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
            self.feeds[index].learnt_at = now
            if self.given.holds(bar.open_time):
                self.given.compare(index, bar)
            elif bar.open_time >= self.join.next_open:
                self.counters.backfilled += 1
                self._accept(index, bar, now)
        if whole and told_until > start:
            self.given.passed(index, start, told_until)
            self._leave_out(index, start, told_until)
            return True
        return False

    def _believed(self, index: int, bar: Bar) -> bool:
        """A bar far from all that is known is believed once REST has told it several times."""
        if within(bar, self._references(index), self.settings.sanity_factor):
            return True
        place = (index, bar.open_time)
        before, times = self._doubts.get(place, (bar, 0))
        times = times + 1 if before == bar else 1
        if times >= self.settings.confirmations:
            self._doubts.pop(place, None)
            return True
        self._doubts[place] = (bar, times)
        self.counters.doubted += 1
        return False

    def _leave_out(self, index: int, start: int, until: int) -> None:
        """Bars that the venue told over do not exist."""
        for opened, closing in list(self.join.waiting()):
            if start <= opened < until and index in closing.lacking():
                closing.absent.add(index)
                self.counters.missing += 1
        self._drain()


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
