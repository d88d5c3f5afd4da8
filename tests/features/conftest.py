"""Markets for the tests of features: real ones, random walks, and any of hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradewind.market import Instrument, Kind, Market, Timeframe

Loader = Callable[[str, Sequence[str], str], Market]
Maker = Callable[..., Market]


def build(times: np.ndarray, bars: dict[str, np.ndarray], symbols: Sequence[str], timeframe: str) -> Market:
    tradable = np.isfinite(bars["close"])
    instruments = tuple(Instrument("test", s, s.split("/")[0], "USDT", Kind.SPOT) for s in symbols)
    late = np.flatnonzero(np.diff(times) != Timeframe(timeframe).ms) + 1
    edges = [0, *late.tolist(), len(times)]
    fragments = np.array(list(pairwise(edges)), np.int64).reshape(-1, 2)
    return Market(instruments, Timeframe(timeframe), times, **bars, tradable=tradable, fragments=fragments)


def _load(folder: Path, symbols: Sequence[str], timeframe: str) -> Market:
    frames = [pl.read_parquet(folder / f"{s}.parquet") for s in symbols]
    opened = [f["open_time"].dt.epoch("ms").to_numpy() for f in frames]
    times = np.unique(np.concatenate(opened))
    bars = {
        n: np.full((len(times), len(symbols)), np.nan) for n in ("open", "high", "low", "close", "volume")
    }
    for a, (frame, at) in enumerate(zip(frames, opened)):
        for name, array in bars.items():
            array[np.searchsorted(times, at), a] = frame[name].to_numpy()
    return build(times, bars, symbols, timeframe)


@pytest.fixture(scope="session")
def load_real(real_data: Path) -> Loader:
    """Real candles of several symbols on one grid: load_real("perp_5m", ["BTCUSDT"], "5m")."""
    return lambda folder, symbols, timeframe: _load(real_data / folder, symbols, timeframe)


def random_market(
    seed: int,
    rows: int = 600,
    width: int = 3,
    masked: float = 0.0,
    timeframe: str = "5m",
    cuts: Sequence[int] = (),
    flat: float = 0.0,
    start: int = 1_700_006_400_000,
) -> Market:
    """A random walk: `masked` share of the bars missing, a gap before each row of `cuts`, `flat` share of
    the bars without a move or volume."""
    random = np.random.default_rng(seed)
    shape = (rows, width)
    moving = random.random(shape) >= flat
    steps = random.normal(0.0, 0.004, shape) * moving
    close = 100.0 * np.exp(np.cumsum(steps, axis=0)) * np.array([1.0, 37.0, 0.02, 5.0, 900.0])[:width]
    opened = np.where(
        moving, np.vstack([close[:1], close[:-1]]) * np.exp(random.normal(0, 1e-4, shape)), close
    )
    high = np.maximum(opened, close) * np.exp(np.abs(random.normal(0, 0.002, shape)) * moving)
    low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(0, 0.002, shape)) * moving)
    volume = random.lognormal(3.0, 1.0, shape) * moving
    bars = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    hidden = random.random(shape) < masked
    for array in bars.values():
        array[hidden] = np.nan
    step = Timeframe(timeframe).ms
    times = start + np.arange(rows, dtype=np.int64) * step
    for cut in cuts:
        times[cut:] += 7 * step
    return build(times, bars, [f"C{a}/USDT" for a in range(width)], timeframe)


@pytest.fixture(scope="session")
def make_market() -> Maker:
    return random_market
