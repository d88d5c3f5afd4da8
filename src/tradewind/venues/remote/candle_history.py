"""Closed candles by REST: whole spans for the warm-up, the newest few for checks and gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tradewind.data.patience import VenueReader
from tradewind.market import Bar, DataError, Timeframe

Row = Sequence[Any]
SURE_MS = 1_000  # after its close by the venue's clock, a candle is closed at the venue too


async def read_span(
    reader: VenueReader,
    now_ms: Callable[[], int],
    symbol: str,
    timeframe: Timeframe,
    start: int,
    end: int,
    method: str = "fetch_ohlcv",
) -> tuple[list[Row], int]:
    """What the venue has of closed candles that open in [start, end), in order, each time once.

    With them, up to which open time the venue told all that it has: `start` where some row had an impossible time.

    `now_ms` is the venue's time, `method` that of ccxt which has the candles. What still forms is left out, also where
    it closed while pages were read.
    """
    told = reader.client.feature_value(symbol, "fetchOHLCV", "limit")
    most = int(told) if told else 500
    found: dict[int, Row] = {}
    cursor = told_until = start
    whole = True
    while cursor < end:
        limit = min(
            most, (end - cursor) // timeframe.ms + 2
        )  # two more: the forming one, and one to close on
        asked = now_ms()
        rows = await reader.call(method, symbol, timeframe.text, cursor, limit)
        whole = whole and all(row[0] % timeframe.ms == 0 and row[0] >= start - timeframe.ms for row in rows)
        closed = {int(row[0]): row for row in closed_rows(rows, timeframe.ms, asked)}
        found |= {at: row for at, row in closed.items() if cursor <= at < end}
        newest = max((int(row[0]) for row in rows), default=cursor - timeframe.ms)
        told_until = max(told_until, min(newest, end))
        if newest not in closed and newest >= cursor:
            break
        # Some venues answer from the next bar they have, others only about the time asked for.
        cursor = newest + timeframe.ms if newest >= cursor else cursor + limit * timeframe.ms
    return [found[at] for at in sorted(found)], told_until if whole else start


def closed_rows(rows: Sequence[Row], step: int, asked_at: int) -> list[Row]:
    """Of one answer, those that had closed: a later one is in it, or their close had surely passed when asked."""
    newest = max((int(row[0]) for row in rows), default=0)
    return [r for r in rows if int(r[0]) < newest or int(r[0]) + step + SURE_MS <= asked_at]


def bar_of(open_time: int, step: int, values: Sequence[Any]) -> Bar:
    """A bar of open, high, low, close, volume as text or numbers. `DataError` where that cannot be a bar."""
    try:
        o, h, low, c, v = (math.nan if value is None else float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise DataError(f"bar at {open_time} has values {list(values)}: expected five numbers") from error
    if open_time % step or open_time < step:
        raise DataError(f"bar at {open_time} opens off the grid of {step} ms")
    return Bar(open_time, open_time + step, o, h, low, c, v)
