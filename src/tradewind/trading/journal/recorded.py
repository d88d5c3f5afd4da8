"""The bars that a journal holds, as a market: what the run saw is what a backtest can be run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Command, CommandKind, DataError, Market, Snapshot, Timeframe
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.trading.journal.records import Record

_PRICES = ("open", "high", "low", "close", "volume", "funding_rate")
_MARKS = ("mark_open", "mark_high", "mark_low", "mark_close")


def market_of(session: Mapping[str, Any], records: Iterable[Record]) -> Market:
    """Bit for bit the bars of the journal; a fragment ends at the end of a segment and at a gap."""
    instruments = tuple(instrument_from_dict(i) for i in session["instruments"])
    snapshots: list[Snapshot] = []
    seams: list[int] = []
    for record in records:
        if isinstance(record, Snapshot):
            if snapshots and record.open_time != snapshots[-1].close_time:
                seams.append(len(snapshots))
            snapshots.append(record)
        elif isinstance(record, Command) and record.kind is CommandKind.SEGMENT_END:
            seams.append(len(snapshots))
    if not snapshots:
        raise DataError("the journal holds no bar yet")
    edges = sorted({0, *seams, len(snapshots)})
    columns = {name: _column(snapshots, name, len(instruments)) for name in (*_PRICES, *_MARKS)}
    marks = np.stack([columns[name] for name in _MARKS], axis=2)
    rates = columns["funding_rate"]
    return Market(
        instruments=instruments,
        timeframe=Timeframe(session["timeframe"]),
        open_time=np.array([s.open_time for s in snapshots], np.int64),
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
        tradable=~np.isnan(columns["open"]),
        fragments=np.array(list(pairwise(edges)), np.int64),
        funding_rate=np.where(np.isnan(rates), 0.0, rates),
        mark=None if np.isnan(marks).all() else np.ascontiguousarray(marks),
    )


def gaps_in(records: Iterable[Record]) -> int:
    """How often bars are missing between two of one segment."""
    gaps, expected = 0, None
    for record in records:
        if isinstance(record, Snapshot):
            gaps += expected is not None and record.open_time != expected
            expected = record.close_time
        elif isinstance(record, Command) and record.kind is CommandKind.SEGMENT_END:
            expected = None
    return gaps


def _column(snapshots: Sequence[Snapshot], name: str, width: int) -> NDArray[np.float64]:
    values = np.full((len(snapshots), width), np.nan)
    for row, snapshot in enumerate(snapshots):
        for a, bar in enumerate(snapshot.bars):
            if bar is not None:
                values[row, a] = getattr(bar, name)
    return values
