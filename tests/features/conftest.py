"""Markets for the tests of features: real ones, random walks, and any of hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradewind.features import CATALOGUE, FeaturePlan, FeatureSpec, FeatureStream, register
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


def every_feature() -> FeaturePlan:
    """Every name of the catalogue, some ranked, some on a higher timeframe, and a user's own."""
    register("test_streak", streak, state_size=2, warmup=3, parameters={"cap": 5.0})
    plain = [FeatureSpec(name) for name in CATALOGUE]
    other = [
        FeatureSpec("obv", {"unchanged": "plus"}),
        FeatureSpec("rsi", {"seed": "first"}),
        FeatureSpec("macd_signal", {"seed": "first"}),
        FeatureSpec("momentum", {"bars": 5}, rank=True),
        FeatureSpec("volume_ratio", rank=True),
        FeatureSpec("rsi_centered", {"bars": 3}, timeframe="15m"),
        FeatureSpec("close", timeframe="1h"),
        FeatureSpec("sma_distance", {"bars": 2}, timeframe="1h", rank=True),
        FeatureSpec("test_streak"),
        FeatureSpec("test_streak", {"cap": 2.0}, timeframe="15m"),
        FeatureSpec("test_streak", {"cap": 3.0}, rank=True),
    ]
    return FeaturePlan((*plain, *other))


def streak(state, at, params, first, o, h, l, c, v):  # noqa: E741
    """How many closes in a row rose (or fell, negative), at most params[first]."""
    last, run = state[at], state[at + 1]
    if c > last and last > 0.0:
        run = max(run, 0.0) + 1.0
    elif c < last:
        run = min(run, 0.0) - 1.0
    cap = params[first]
    run = max(-cap, min(cap, run))
    state[at] = c
    state[at + 1] = run
    return run


@pytest.fixture(scope="session")
def full_plan() -> FeaturePlan:
    return every_feature()


def push_all(stream: FeatureStream, market: Market, start: int, stop: int) -> np.ndarray:
    """Rows [start, stop) of a market through a stream, restarted where a fragment begins."""
    bars = np.stack([market.open, market.high, market.low, market.close, market.volume], axis=-1)
    begins = set(market.fragments[:, 0].tolist())
    rows = []
    for t in range(start, stop):
        if t in begins and t != start:
            stream.restart()
        rows.append(stream.push(int(market.open_time[t]), bars[t], market.tradable[t]))
    return np.array(rows)


@pytest.fixture(scope="session")
def stream_rows() -> Callable[..., np.ndarray]:
    return push_all


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal bit for bit, any NaN equal to any NaN."""
    a, b = np.array(one, np.float64), np.array(other, np.float64)
    a[np.isnan(a)], b[np.isnan(b)] = np.nan, np.nan
    return a.shape == b.shape and bool((a.view(np.uint64) == b.view(np.uint64)).all())


@pytest.fixture(scope="session")
def identical() -> Callable[[np.ndarray, np.ndarray], bool]:
    return same_bits
