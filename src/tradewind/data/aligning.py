"""Several series on one grid of bars: every bar keeps its own time, and what is missing stays missing.

The grid is the union of all open times. A series that starts late, has holes or ends early is masked there;
it never moves a bar of another one. Where no series has a bar the fragment ends, unless the hole is within
the tolerance: then its rows are kept, masked for all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.data.series import Candles, CandleSeries, Floats, Funding, Times
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import utc_text
from tradewind.market import DataError, Market, Timeframe
from tradewind.market.timeframe import FUNDING_JITTER_MS


def align(series: Sequence[CandleSeries], gap_tolerance_bars: int = 0) -> Market:
    """One market of all series, in their order. A hole of more than `gap_tolerance_bars` ends a fragment.

    A funding payment is charged at the row that opens at its time (up to 5 s late counts as on time), or,
    when it falls inside a bar or the instrument has no bar there, at its next bar in the same fragment.
    Mark prices are attached when at least one series has them; bars without a mark use their traded prices.
    `DataError` when the series are of several timeframes, name a symbol twice, or lie on shifted grids.
    """
    _refuse_mismatch(series)
    timeframe = series[0].timeframe
    grid, fragments = _grid([s.open_time for s in series], timeframe.ms, gap_tolerance_bars)
    rows = [np.searchsorted(grid, s.open_time) for s in series]
    columns = {name: _spread(grid, series, rows, name) for name in Candles.names()[1:]}
    tradable = np.zeros((len(grid), len(series)), dtype=bool)
    for a, at in enumerate(rows):
        tradable[at, a] = True
    return Market(
        instruments=tuple(s.instrument for s in series),
        timeframe=timeframe,
        open_time=grid,
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
        tradable=tradable,
        fragments=fragments,
        funding_rate=_funding_rates(grid, series, tradable, fragments, timeframe.ms),
        mark=_mark_prices(grid, series, rows),
    )


def load_market(
    store: CandleStore,
    venue: str,
    symbols: Sequence[str],
    timeframe: Timeframe,
    start: int | None = None,
    end: int | None = None,
    gap_tolerance_bars: int = 0,
) -> Market:
    """Stored series of one venue as one market, in the order of `symbols`, cut to [start, end) UTC ms.

    `DataError` when a symbol is not stored, or has no bar in that time.
    """
    if not symbols:
        raise DataError("no symbols were named: give at least one, such as BTC/USDT")
    series = [store.read(venue, symbol, timeframe, start, end) for symbol in symbols]
    for one in series:
        if not len(one):
            span = f"from {_or_open(start)} to {_or_open(end)}"
            raise DataError(
                f"{one.instrument.symbol} on {venue} has no {timeframe} bars {span}: widen the span"
            )
    return align(series, gap_tolerance_bars)


def series_of(market: Market) -> list[CandleSeries]:
    """The series that a market was aligned from: its tradable cells, funding and mark."""
    return [_series_at(market, a) for a in range(len(market.instruments))]


def _refuse_mismatch(series: Sequence[CandleSeries]) -> None:
    if not series:
        raise DataError("there are no series to align: give at least one")
    lengths = {s.timeframe.ms: str(s.timeframe) for s in series}
    if len(lengths) > 1:
        raise DataError(
            f"series of {' and '.join(lengths.values())} cannot share a grid: align one timeframe at a time"
        )
    names = [(s.instrument.venue, s.instrument.symbol) for s in series]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{twice[1]} on {twice[0]} is named twice: name each symbol once")
    first, step = series[0], series[0].timeframe.ms
    for other in series:
        if not len(other):
            raise DataError(f"{other.instrument.symbol} has no bars: leave it out or widen the span")
        shift = int((other.open_time[0] - first.open_time[0]) % step)
        if shift:
            raise DataError(
                f"{other.timeframe} bars of {other.instrument.symbol} open {shift / 1000:g} s off the grid "
                f"of {first.instrument.symbol}: import candles cut at the same times"
            )


def _grid(times: Sequence[Times], step: int, tolerance: int) -> tuple[Times, NDArray[np.int64]]:
    """All open times, tolerated holes included, and the half-open row ranges of the fragments [K, 2]."""
    if tolerance < 0:
        raise DataError(f"gap_tolerance_bars is {tolerance}, expected 0 or more")
    union = np.unique(np.concatenate(times))
    missing = np.diff(union) // step - 1
    holes = np.flatnonzero((missing > 0) & (missing <= tolerance))
    if len(holes):
        inserted = [union[row] + step * np.arange(1, missing[row] + 1) for row in holes]
        union = np.sort(np.concatenate([union, *inserted]))
    seams = np.flatnonzero(np.diff(union) > step) + 1
    fragments = np.stack([np.r_[0, seams], np.r_[seams, len(union)]], axis=1)
    return np.ascontiguousarray(union, dtype=np.int64), np.ascontiguousarray(fragments, dtype=np.int64)


def _spread(
    grid: Times, series: Sequence[CandleSeries], rows: Sequence[NDArray[np.intp]], name: str
) -> Floats:
    spread = np.full((len(grid), len(series)), np.nan)
    for a, (one, at) in enumerate(zip(series, rows)):
        spread[at, a] = getattr(one.candles, name)
    return spread


def _funding_rates(
    grid: Times,
    series: Sequence[CandleSeries],
    tradable: NDArray[np.bool_],
    fragments: NDArray[np.int64],
    step: int,
) -> Floats | None:
    if all(s.funding is None for s in series):
        return None
    rates = np.zeros((len(grid), len(series)))
    fragment_of = np.repeat(np.arange(len(fragments)), fragments[:, 1] - fragments[:, 0])
    for a, one in enumerate(series):
        if one.funding is None or not len(one.funding):
            continue
        own = np.flatnonzero(tradable[:, a])
        due = one.funding.time - FUNDING_JITTER_MS
        # The bar that runs at that moment tells the fragment; the charge is at the next open.
        open_row = np.searchsorted(grid, one.funding.time, side="right") - 1
        running = (open_row >= 0) & (one.funding.time < grid[np.maximum(open_row, 0)] + step)
        place = np.searchsorted(grid[own], due)
        charged = running & (place < len(own))
        target = own[np.minimum(place, len(own) - 1)]
        charged &= fragment_of[target] == fragment_of[np.maximum(open_row, 0)]
        np.add.at(rates[:, a], target[charged], one.funding.rate[charged])
    return rates


def _mark_prices(
    grid: Times, series: Sequence[CandleSeries], rows: Sequence[NDArray[np.intp]]
) -> Floats | None:
    if all(s.mark is None for s in series):
        return None
    mark = np.full((len(grid), len(series), 4), np.nan)
    for a, (one, at) in enumerate(zip(series, rows)):
        for k, name in enumerate(("open", "high", "low", "close")):
            mark[at, a, k] = getattr(one.candles, name)
        if one.mark is None:
            continue
        _, own, theirs = np.intersect1d(one.open_time, one.mark.open_time, True, return_indices=True)
        for k, name in enumerate(("open", "high", "low", "close")):
            mark[at[own], a, k] = getattr(one.mark, name)[theirs]
    return mark


def _series_at(market: Market, a: int) -> CandleSeries:
    rows = market.tradable[:, a]
    times = market.open_time[rows]
    candles = Candles(times, *(getattr(market, name)[rows, a].copy() for name in Candles.names()[1:]))
    funding, mark = None, None
    if market.funding_rate is not None:
        due = market.funding_rate[:, a] != 0
        funding = Funding(market.open_time[due], market.funding_rate[due, a])
    if market.mark is not None:
        o, h, l, c = (market.mark[rows, a, k].copy() for k in range(4))  # noqa: E741
        mark = Candles(times, o, h, l, c, np.zeros(len(times)))
    return CandleSeries(market.instruments[a], market.timeframe, candles, funding, mark)


def _or_open(ms: int | None) -> str:
    return "the first" if ms is None else utc_text(ms)
