"""Candles, funding and instruments from any venue of ccxt into the store: resumable, only what has closed.

A bar counts as closed by the venue's own clock. Bars are written in chunks, so that a kill loses at most one;
the next run goes on behind the last stored bar and asks again for every gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np

from tradewind.data import faults
from tradewind.data.instruments import KnownInstrument
from tradewind.data.patience import VenueReader
from tradewind.data.series import Candles, CandleSeries, Funding, Times
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import utc_text
from tradewind.data.venue_instruments import instrument_of_market, maintenance_tiers
from tradewind.market import (
    ConfigError,
    DataError,
    Instrument,
    Kind,
    Timeframe,
    TradewindError,
    VenueUnavailable,
)

DAY_MS = 86_400_000
DEFAULT_DAYS = 365
_HOUR_MS = 3_600_000
_OLDEST_MS = 1_262_304_000_000  # 2010: no candles are older

Progress = Callable[[str, int, int], None]
"""What is being fetched, how many bars are done, how many there will be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to download. `start` and `end` are UTC ms: bars that open in [start, end).

    Without a start: from the first stored bar on, else the last 365 days. Without an end: up to now. `ConfigError`
    without symbols, and for a start that is not before the end.
    """

    venue: str
    symbols: tuple[str, ...]
    timeframe: Timeframe
    start: int | None = None
    end: int | None = None
    funding: bool = True
    mark: bool = True
    concurrency: int = 4
    chunk_bars: int = 20_000

    def __post_init__(self) -> None:
        if not self.symbols:
            raise ConfigError("no symbols were named: give at least one, such as BTC/USDT")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ConfigError(f"the start {utc_text(self.start)} is not before the end {utc_text(self.end)}")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What one symbol's download did. `missing` bars the venue lacks, `dropped` ones were impossible."""

    symbol: str
    new_bars: int = 0
    bars: int = 0
    start: int | None = None
    end: int | None = None
    missing: int = 0
    dropped: int = 0
    new_mark_bars: int = 0
    new_funding: int = 0
    assumed: tuple[str, ...] = ()
    error: str | None = None
    unreachable: bool = False


async def download(
    reader: VenueReader, store: CandleStore, plan: Plan, progress: Progress | None = None
) -> list[Downloaded]:
    """Fetch every symbol of the plan, several at once; one that fails does not stop the others.

    `ConfigError` before anything is written when the venue does not have a symbol or the timeframe.
    """
    await reader.call("load_markets")
    _refuse_unknown(reader.client, plan)
    known = {symbol: await _instrument(reader, plan.venue, symbol) for symbol in plan.symbols}
    now = await _venue_time(reader)
    gate = asyncio.Semaphore(plan.concurrency)
    jobs = [_SymbolDownload(reader, store, plan, known[s], now, progress or _silent) for s in plan.symbols]

    async def one(job: _SymbolDownload) -> Downloaded:
        async with gate:
            return await job.run()

    return list(await asyncio.gather(*(one(job) for job in jobs)))


def missing_spans(stored: Times, start: int, end: int, step: int) -> list[tuple[int, int]]:
    """The half-open spans of [start, end) in which a bar could open and none is stored."""
    if not len(stored):
        return [(start, end)] if start < end else []
    spans = []
    before = (int(stored[0]) - start) // step
    if before > 0:
        spans.append((int(stored[0]) - before * step, int(stored[0])))
    holes = np.flatnonzero(np.diff(stored) > step)
    spans += [(int(stored[row]) + step, int(stored[row + 1])) for row in holes]
    spans.append((int(stored[-1]) + step, end))
    cut = [(max(a, start), min(b, end)) for a, b in spans]
    return [(a, b) for a, b in cut if a < b]


class _SymbolDownload:
    """One symbol: its candles, then its mark candles and funding."""

    def __init__(
        self,
        reader: VenueReader,
        store: CandleStore,
        plan: Plan,
        known: KnownInstrument,
        now: int,
        progress: Progress,
    ) -> None:
        self.reader, self.store, self.plan, self.known, self.progress = reader, store, plan, known, progress
        self.instrument: Instrument = known.instrument
        self.symbol = known.instrument.symbol
        self.step = plan.timeframe.ms
        # Only bars with open + step <= now have closed.
        self.end = min(now - self.step + 1, plan.end if plan.end is not None else now)
        self.result = Downloaded(self.symbol, assumed=known.assumed)

    async def run(self) -> Downloaded:
        try:
            await self._candles()
            self.store.write_instrument(self.known)
            if self.instrument.kind is Kind.PERPETUAL and self.result.bars:
                await self._mark()
                await self._funding()
        except TradewindError as error:
            away = isinstance(error, VenueUnavailable)
            came = self.result.new_bars or self.result.new_mark_bars or self.result.new_funding
            kept = "; what came before is stored" if away and came else ""
            self.result = replace(self.result, error=f"{error}{kept}", unreachable=away)
        return self.result

    async def _candles(self) -> None:
        place = (self.instrument.venue, self.symbol, self.plan.timeframe)

        def stored() -> Times:
            return self.store.candles(*place).open_time if self.store.has(*place) else np.empty(0, np.int64)

        def keep(candles: Candles) -> None:
            self.result = replace(self.result, new_bars=self.result.new_bars + self._append(candles))

        times = stored()
        start = self._start(times)
        await self._fill(self.symbol, "fetch_ohlcv", stored, keep, start)
        times = stored()
        if not len(times):
            span = f"{utc_text(start)} to {utc_text(self.end)}"
            raise DataError(
                f"{self.plan.venue} has no closed {self.plan.timeframe} bars of {self.symbol} in {span}"
                f"{await self._where_bars_are()}"
            )
        missing = sum(-(-(b - a) // self.step) for a, b in missing_spans(times, start, self.end, self.step))
        first, last = int(times[0]), int(times[-1])
        self.result = replace(self.result, bars=len(times), start=first, end=last, missing=missing)

    async def _where_bars_are(self) -> str:
        """What to ask for instead, where the venue tells: an exchange of a synthetic world lives at other times."""
        rows: list[list[float]] = []
        for since in (_OLDEST_MS, None):
            try:
                rows += await self.reader.call("fetch_ohlcv", self.symbol, self.plan.timeframe.text, since, 1)
            except TradewindError:  # it does not say: the error that this would explain is told anyway
                continue
        if not rows:
            return ""
        times = [int(row[0]) for row in rows]
        first, last = min(times), max(times)
        return (
            f": its bars are of {utc_text(first)} to {utc_text(last)}, so add --start {utc_text(first)[:10]}"
        )

    async def _mark(self) -> None:
        if not (self.plan.mark and self.reader.client.has.get("fetchMarkOHLCV")):
            return

        def stored() -> Times:
            mark = self.store.mark(self.instrument.venue, self.symbol, self.plan.timeframe)
            return np.empty(0, np.int64) if mark is None else mark.open_time

        def keep(candles: Candles) -> None:
            new = self.store.append_mark(self.instrument, self.plan.timeframe, candles)
            self.result = replace(self.result, new_mark_bars=self.result.new_mark_bars + new)

        assert self.result.start is not None
        await self._fill(f"{self.symbol} mark", "fetch_mark_ohlcv", stored, keep, self.result.start)

    async def _funding(self) -> None:
        if not (self.plan.funding and self.reader.client.has.get("fetchFundingRateHistory")):
            return
        assert self.result.start is not None
        stored = self.store.funding(self.instrument.venue, self.symbol)
        spans = [(self.result.start, self.end + self.step)]
        if stored is not None and len(stored):
            spans = [
                (self.result.start, int(stored.time[0])),
                (int(stored.time[-1]) + 1, self.end + self.step),
            ]
        for start, end in spans:
            async for payments in self._funding_pages(start, end):
                self.store.append_funding(self.instrument, payments)
                self.result = replace(self.result, new_funding=self.result.new_funding + len(payments))

    async def _fill(
        self,
        label: str,
        method: str,
        stored: Callable[[], Times],
        keep: Callable[[Candles], None],
        start: int,
    ) -> None:
        """Ask for every missing span, then once more for what still is: a page may have been short."""
        spans = missing_spans(stored(), start, self.end, self.step)
        total = max(1, sum(b - a for a, b in spans) // self.step)
        done = 0
        for a, b in spans:
            await self._fill_span(method, a, b, keep, partial(self._tell, label, done, total))
            done += (b - a) // self.step
        self.progress(label, total, total)
        if len(stored()):
            for a, b in missing_spans(stored(), start, self.end, self.step):
                await self._fill_span(method, a, b, keep, lambda bars: None)

    def _tell(self, label: str, before: int, total: int, bars: int) -> None:
        self.progress(label, min(before + bars, total), total)

    async def _fill_span(
        self, method: str, start: int, end: int, keep: Callable[[Candles], None], tell: Callable[[int], None]
    ) -> None:
        chunk: list[Candles] = []
        try:
            async for candles, cursor in self._pages(method, start, end):
                chunk.append(candles)
                tell((cursor - start) // self.step)
                if sum(map(len, chunk)) >= self.plan.chunk_bars:
                    full, chunk = chunk, []
                    keep(Candles.joined(full))
        finally:  # also when cancelled or refused: what has arrived is kept
            if sum(map(len, chunk)):
                keep(Candles.joined(chunk))

    async def _pages(self, method: str, start: int, end: int) -> AsyncIterator[tuple[Candles, int]]:
        """Pages of closed, possible bars from `start` on, each with the time from which to go on."""
        limit = self._page_limit()
        cursor = start
        while cursor < end:
            rows = await self.reader.call(method, self.symbol, self.plan.timeframe.text, cursor, limit)
            candles = _in_span(rows, cursor, end, needs_volume=method == "fetch_ohlcv")
            if len(candles):
                cursor = int(candles.open_time[-1]) + self.step
            else:  # some venues answer from the next bar they have, others only about the time asked for
                cursor = end if len(rows) and rows[0][0] >= end else cursor + limit * self.step
            yield self._possible(candles), min(cursor, end)

    async def _funding_pages(self, start: int, end: int) -> AsyncIterator[Funding]:
        """Payments in [start, end). A window that comes back full may be cut: it is asked for in parts."""
        limit = self.reader.client.feature_value(self.symbol, "fetchFundingRateHistory", "limit") or 100
        cursor, window = start, limit * 8 * _HOUR_MS
        while cursor < end:
            until = min(cursor + window, end) - 1
            told = await self.reader.call(
                "fetch_funding_rate_history", self.symbol, cursor, limit, {"until": until}
            )
            if len(told) >= limit and window > _HOUR_MS:
                window //= 2
                continue
            due = {int(p["timestamp"]): float(p["fundingRate"]) for p in told if p["fundingRate"] is not None}
            times = np.array(sorted(t for t in due if cursor <= t <= until), dtype=np.int64)
            if len(times):
                yield Funding(times, np.array([due[int(t)] for t in times]))
            cursor = until + 1

    def _possible(self, candles: Candles) -> Candles:
        broken = np.zeros(len(candles), dtype=bool)
        for fault in faults.impossible_bars(candles):
            broken |= fault.rows
        if len(candles):
            broken |= faults.off_grid(candles.open_time, self.step)
        self.result = replace(self.result, dropped=self.result.dropped + int(broken.sum()))
        return candles.take(~broken)

    def _append(self, candles: Candles) -> int:
        if not self.store.has(self.instrument.venue, self.symbol, self.plan.timeframe):
            self.store.write_instrument(self.known)
        return self.store.append(CandleSeries(self.instrument, self.plan.timeframe, candles))

    def _start(self, stored: Times) -> int:
        if self.plan.start is not None:
            return -(-self.plan.start // self.step) * self.step
        if len(stored):
            return int(stored[0])
        return (self.end - DEFAULT_DAYS * DAY_MS) // self.step * self.step

    def _page_limit(self) -> int:
        told = self.reader.client.feature_value(self.symbol, "fetchOHLCV", "limit")
        return int(told) if told else 500


def _in_span(rows: Sequence[Sequence[Any]], start: int, end: int, needs_volume: bool) -> Candles:
    """A page's rows that open in [start, end), in order, each time once. Mark candles have no volume."""
    inside = {int(row[0]): row for row in rows if start <= int(row[0]) < end}
    table = []
    for at in sorted(inside):
        volume = inside[at][5] if needs_volume else 0.0
        table.append([float("nan") if v is None else float(v) for v in (*inside[at][:5], volume)])
    return Candles.from_rows(table)


async def _venue_time(reader: VenueReader) -> int:
    if reader.client.has.get("fetchTime"):
        told = await reader.call("fetch_time")
        if told is not None:
            return int(told)
    return reader.clock.now_ms()


async def _instrument(reader: VenueReader, venue: str, symbol: str) -> KnownInstrument:
    market = reader.client.market(symbol)
    tiers: Sequence[Any] = ()
    if market.get("swap") and reader.client.has.get("fetchMarketLeverageTiers") is True:
        try:
            tiers = maintenance_tiers(await reader.call("fetch_market_leverage_tiers", symbol))
        except ConfigError:  # private on this venue: the default tier is used, and named as assumed
            tiers = ()
    return instrument_of_market(venue, market, reader.client.precisionMode, tiers)


def _refuse_unknown(client: Any, plan: Plan) -> None:
    if plan.timeframe.text not in (client.timeframes or {}):
        offered = ", ".join(client.timeframes or {})
        raise ConfigError(f"{plan.venue} has no {plan.timeframe} candles: it has {offered}")
    if not client.has.get("fetchOHLCV"):
        raise ConfigError(f"{plan.venue} offers no candles: choose another venue")
    for symbol in plan.symbols:
        if symbol not in client.markets:
            near = get_close_matches(symbol, client.markets, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see the venue's list of markets"
            raise ConfigError(f"{plan.venue} has no symbol {symbol}: {hint}")
        market = client.market(symbol)
        if not (market.get("spot") or (market.get("swap") and market.get("linear"))):
            raise ConfigError(f"{symbol} is neither spot nor a linear perpetual: choose one of those")


def _silent(label: str, done: int, total: int) -> None:
    """No progress shown."""
