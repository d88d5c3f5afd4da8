"""A market laid out for the kernels: read-only records that any number of accounts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.account.records import BAR, ROW, Records, instrument_records
from tradewind.market import Instrument, Market
from tradewind.market.errors import DataError
from tradewind.simulator.rows import describe_history, volume_state


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Bars, features and clock of T rows, for A instruments and F feature columns.

    `segments` [K, 2] are half-open row ranges in which an episode may live: from the first row whose whole
    feature window is ready, to the end of the fragment.
    """

    market: Market
    bars: Records  # BAR [T, A]
    rows: Records  # ROW [T]
    clock: NDArray[np.float32]  # [T, 4]
    features: NDArray[np.float32]  # [T, F] scaled
    raw_features: NDArray[np.float64]  # [T, F]
    columns: tuple[str, ...]
    instruments: Records  # INSTRUMENT [A]
    segments: NDArray[np.int64]
    lookback: int

    @property
    def traded(self) -> tuple[Instrument, ...]:
        return self.market.instruments

    def __len__(self) -> int:
        return len(self.rows)


def build_tape(
    market: Market,
    features: NDArray[np.float32],
    raw_features: NDArray[np.float64],
    columns: tuple[str, ...],
    *,
    lookback: int = 1,
    volume_window: int = 30,
) -> Tape:
    """Lay out a market with its features [T, F]; NaN in a feature means that it is not known there."""
    if features.shape != raw_features.shape or features.shape != (len(market), len(columns)):
        raise DataError(
            f"features have shape {features.shape}, expected {(len(market), len(columns))}: one row a bar"
        )
    bars, rows = _bar_records(market), np.zeros(len(market), ROW)
    rows["open_time"], rows["close_time"] = market.open_time, market.close_time
    fragments = np.ascontiguousarray(market.fragments)
    for _, stop in fragments:
        rows["segment_end"][stop - 1] = 1
    rows["ready"] = ready_windows(features, fragments, lookback)
    clock = np.zeros((len(market), 4), np.float32)
    ring, counts = volume_state(len(market.instruments), volume_window)
    volumes = np.ascontiguousarray(market.volume)
    describe_history(bars, rows, clock, fragments, volumes, ring, counts)
    for array in (bars, rows, clock):
        array.setflags(write=False)
    return Tape(
        market=market,
        bars=bars,
        rows=rows,
        clock=clock,
        features=np.ascontiguousarray(features),
        raw_features=np.ascontiguousarray(raw_features),
        columns=columns,
        instruments=instrument_records(market.instruments),
        segments=segments_of(features, fragments, lookback),
        lookback=lookback,
    )


def _bar_records(market: Market) -> Records:
    bars = np.zeros(market.close.shape, BAR)
    for name in ("open", "high", "low", "close", "tradable"):
        bars[name] = getattr(market, name)
    if market.funding_rate is not None:
        bars["funding_rate"] = np.nan_to_num(market.funding_rate)
    for k, name in enumerate(("open", "high", "low", "close")):
        price = getattr(market, name)
        given = price if market.mark is None else market.mark[:, :, k]
        bars[f"mark_{name}"] = np.where(np.isfinite(given), given, price)
    return bars


def ready_windows(
    features: NDArray[np.floating[Any]], fragments: NDArray[np.int64], lookback: int
) -> NDArray[np.bool_]:
    """[T]: are all features of the last `lookback` rows there, inside one fragment?"""
    missing = np.zeros(len(features) + 1, np.int64)
    np.cumsum(~np.isfinite(features).all(axis=1), out=missing[1:])
    ready = np.zeros(len(features), np.bool_)
    for start, stop in fragments:
        if stop - start < lookback:
            continue
        ready[start + lookback - 1 : stop] = (
            missing[start + lookback : stop + 1] == missing[start : stop + 1 - lookback]
        )
    return ready


def segments_of(
    features: NDArray[np.floating[Any]], fragments: NDArray[np.int64], lookback: int
) -> NDArray[np.int64]:
    """[K, 2] rows in which an episode may live: from the first whole window to the end of each fragment."""
    ready = ready_windows(features, fragments, lookback)
    segments = []
    for start, stop in fragments:
        first = np.flatnonzero(ready[start:stop])
        if len(first) and start + first[0] < stop - 1:
            segments.append((start + first[0], stop))
    return np.array(segments, np.int64).reshape(-1, 2)
