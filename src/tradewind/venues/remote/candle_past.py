"""The closed candles before a feed begins: read for many symbols at once, and refused where they are too few."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tradewind.data.patience import VenueReader
from tradewind.data.timestamps import utc_text
from tradewind.market import Bar, ConfigError, DataError, Timeframe
from tradewind.venues.remote.candle_history import bar_of, read_span

Bars = dict[int, Bar]  # by open time


class Past:
    """Reads spans; one in which a bar is impossible is read again, `attempts` times in all."""

    def __init__(
        self, reader: VenueReader, now_ms: Callable[[], int], timeframe: Timeframe, attempts: int
    ) -> None:
        self.refused = 0  # bars that cannot be
        self._reader, self._now_ms, self._timeframe, self._attempts = reader, now_ms, timeframe, attempts

    async def read(self, symbols: Sequence[str], start: int, end: int, at_once: int) -> dict[str, Bars]:
        """Bars that open in [start, end), by symbol."""
        gate = asyncio.Semaphore(at_once)

        async def one(symbol: str) -> Bars:
            async with gate:
                return await self._read(symbol, start, end)

        found = await asyncio.gather(*(one(symbol) for symbol in symbols))
        return dict(zip(symbols, found, strict=True))

    async def _read(self, symbol: str, start: int, end: int) -> Bars:
        bars: Bars = {}
        for _ in range(self._attempts):
            rows, until = await read_span(self._reader, self._now_ms, symbol, self._timeframe, start, end)
            whole = until > start
            for row in rows:
                try:
                    bars[int(row[0])] = bar_of(int(row[0]), self._timeframe.ms, row[1:6])
                except DataError:
                    self.refused += 1
                    whole = False
            if whole:
                break
        return bars


def refuse_unknown(client: Any, symbols: Sequence[str]) -> None:
    """`ConfigError` for a symbol that the venue does not list."""
    for symbol in symbols:
        if symbol not in client.markets:
            near = get_close_matches(symbol, client.markets, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see the venue's list of markets"
            raise ConfigError(f"{client.id} has no symbol {symbol}: {hint}")


def refuse_short(
    venue: str, timeframe: Timeframe, warm_up: int, start: int, found: Mapping[str, Bars]
) -> None:
    """`ConfigError` for a symbol whose first bar came after the start of the warm-up."""
    for symbol, bars in found.items():
        first = min(bars, default=None)
        if warm_up and (first is None or first > start):
            ready = "" if first is None else f", or start after {utc_text(first + warm_up * timeframe.ms)}"
            raise ConfigError(
                f"{symbol} has {len(bars)} closed {timeframe} bars at {venue}, the warm-up needs {warm_up}: "
                f"leave it out{ready}"
            )
