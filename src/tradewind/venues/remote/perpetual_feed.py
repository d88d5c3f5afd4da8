"""What the bars of perpetuals hold beside prices: the candle of the mark, and the funding charged at the open."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tradewind.data.patience import Patience, VenueReader
from tradewind.market import Bar, Clock, Snapshot, Timeframe, TradewindError
from tradewind.market.timeframe import FUNDING_JITTER_MS
from tradewind.venues.remote.candle_history import read_span
from tradewind.venues.remote.quotes import LiveQuotes

LOOK_SECONDS = 0.25
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0
ALARM_TRIES = 10  # about three minutes
PAGE = 100
Marks = tuple[float, float, float, float]  # open, high, low, close


class PerpetualFeed:
    """Completes closed bars: with marks as the quotes told them, and with the rates that REST says were charged.

    A rate belongs to the bar that opens when it is due, as in a stored market; one that became known too late is
    charged at the next open. A mark that was not heard from the bar's open on is not known: NaN.
    """

    def __init__(
        self,
        client: Any,
        timeframe: Timeframe,
        clock: Clock,
        venue: Clock,
        quotes: LiveQuotes,
        on_alarm: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.late = 0  # rates that were charged a bar or more after they were due
        self._timeframe, self._step = timeframe, timeframe.ms
        self._clock, self._venue, self._quotes, self._on_alarm = clock, venue, quotes, on_alarm
        self._reader = VenueReader(client, clock, Patience(attempts=1))
        self._marks: dict[str, dict[int, Marks]] = {symbol: {} for symbol in quotes.symbols}
        self._heard_from: dict[str, int] = {}
        self._due: dict[str, dict[int, float]] = {symbol: {} for symbol in quotes.symbols}
        self._paid_until: dict[str, int] = {}  # the newest payment that is known
        self._tries: dict[str, tuple[int, int]] = {}  # in vain, and when the next is due, ms of the clock
        quotes.mark_listeners.append(self._hear)

    def begin(self, start: int) -> None:
        """Nothing was held before the bar that opens at `start`: no earlier payment counts."""
        self._paid_until = dict.fromkeys(self._due, start - FUNDING_JITTER_MS - 1)

    async def go_on(self, reader: VenueReader, start: int, end: int) -> None:
        """Bars in [start, end) happened without us: their marks and payments come by REST."""
        self.begin(start)
        await asyncio.gather(*(self._past(reader, symbol, start, end) for symbol in self._due))

    async def keep(self) -> None:
        """Ask for each payment once it is due, until it is told."""
        while True:
            now = self._clock.now_ms()
            due = [symbol for symbol in self._due if self._awaits(symbol, now)]
            await asyncio.gather(*(self._ask(symbol) for symbol in due))
            await self._clock.sleep(LOOK_SECONDS)

    def complete(self, symbols: Sequence[str], snapshot: Snapshot) -> Snapshot:
        """The closed bars with all that is known of them; a rate is handed out once."""
        bars = (
            None if bar is None else self._complete(symbol, bar)
            for symbol, bar in zip(symbols, snapshot.bars, strict=True)
        )
        return replace(snapshot, bars=tuple(bars))

    def _complete(self, symbol: str, bar: Bar) -> Bar:
        marks, due = self._marks[symbol], self._due[symbol]
        told = marks.get(bar.open_time, (math.nan,) * 4)
        for opened in [t for t in marks if t <= bar.open_time]:
            del marks[opened]
        charged = [t for t in due if t <= bar.open_time]
        self.late += sum(t < bar.open_time for t in charged)
        rate = sum(due.pop(t) for t in sorted(charged))
        return replace(
            bar,
            funding_rate=float(rate),
            mark_open=told[0],
            mark_high=told[1],
            mark_low=told[2],
            mark_close=told[3],
        )

    # --- marks

    def _hear(self, symbol: str, at: int | None, mark: float) -> None:
        at = self._venue.now_ms() if at is None else at
        opened = at - at % self._step
        if self._heard_from.setdefault(symbol, at) > opened:
            return  # how the bar began was not heard
        told = self._marks[symbol]
        first, high, low, _ = told.get(opened, (mark,) * 4)
        told[opened] = (first, max(high, mark), min(low, mark), mark)

    # --- payments

    def _awaits(self, symbol: str, now: int) -> bool:
        """A payment is due that is not known yet, and it is time to ask."""
        upcoming = self._expected(symbol)
        return upcoming is not None and now >= self._tries.get(symbol, (0, 0))[1]

    def _expected(self, symbol: str) -> int | None:
        """When the payment was due that nobody told of; None where all are known."""
        previous, coming = self._quotes.funding_times(symbol)
        known = self._paid_until.get(symbol, math.inf) + FUNDING_JITTER_MS
        now = self._venue.now_ms()
        return next((t for t in (coming, previous) if known < t <= now), None)

    async def _ask(self, symbol: str) -> None:
        expected = self._expected(symbol)
        with suppress(
            TradewindError, KeyError, TypeError, ValueError
        ):  # nothing was learnt: it is asked again
            await self._read(self._reader, symbol)
        tries, _ = self._tries.pop(symbol, (0, 0))
        if expected is None or self._expected(symbol) is None:
            return
        wait = min(FIRST_RETRY_SECONDS * 2**tries, LONGEST_RETRY_SECONDS)
        self._tries[symbol] = (tries + 1, self._clock.now_ms() + round(wait * 1000))
        if tries + 1 == ALARM_TRIES:
            self._on_alarm(
                f"the venue does not tell the funding of {symbol} that was due: bars go on without it, and it is "
                "charged at the next open after it is told"
            )

    async def _past(self, reader: VenueReader, symbol: str, start: int, end: int) -> None:
        rows, _ = await read_span(
            reader, self._venue.now_ms, symbol, self._timeframe, start, end, "fetch_mark_ohlcv"
        )
        for opened, *told in rows:
            o, h, low, c = (math.nan if value is None else float(value) for value in told[:4])
            if all(0 < price < math.inf for price in (o, h, low, c)):
                self._marks[symbol][int(opened)] = (o, h, low, c)
        while await self._read(reader, symbol) == PAGE:
            pass

    async def _read(self, reader: VenueReader, symbol: str) -> int:
        """Take the payments after the newest that is known; returns how many there were."""
        since = self._paid_until[symbol] + 1
        told = await reader.call("fetch_funding_rate_history", symbol, since, PAGE)
        found = {int(row["timestamp"]): float(row["fundingRate"]) for row in told}
        fresh = sorted(t for t in found if t >= since)
        for time in fresh:
            opened = self._timeframe.charges_at(time)
            self._due[symbol][opened] = self._due[symbol].get(opened, 0.0) + found[time]
            self._paid_until[symbol] = time
        return len(fresh)
