from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from tradewind.market import Instrument, Kind, Market, Timeframe
from tradewind.simulator import Tape, build_tape

HOUR = 3_600_000


def make_tape(
    bars: int = 600,
    *,
    kind: Kind = Kind.PERPETUAL,
    instruments: int = 1,
    columns: int = 3,
    breaks: tuple[int, ...] = (),
    unready: tuple[int, ...] = (),
    lookback: int = 1,
    volatility: float = 0.003,
    seed: int = 0,
) -> Tape:
    """A random walk, noise for features; a gap in time before each of `breaks`, NaN features at `unready`."""
    generator = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(generator.normal(0, volatility, (bars, instruments)), axis=0))
    open_ = np.vstack([np.full((1, instruments), 100.0), close[:-1]])
    edges = [0, *breaks, bars]
    gaps = np.zeros(bars, np.int64)
    for k, row in enumerate(breaks):
        gaps[row:] = (k + 1) * 48 * HOUR
    names = [f"C{a}" for a in range(instruments)]
    suffix = ":USDT" if kind is Kind.PERPETUAL else ""
    market = Market(
        instruments=tuple(
            Instrument("test", f"{n}/USDT{suffix}", n, "USDT", kind, lot=Decimal("0.0001")) for n in names
        ),
        timeframe=Timeframe("1h"),
        open_time=np.arange(bars, dtype=np.int64) * HOUR + gaps,
        open=open_,
        high=np.maximum(open_, close) * 1.001,
        low=np.minimum(open_, close) * 0.999,
        close=close,
        volume=np.full((bars, instruments), 1e5),
        tradable=np.ones((bars, instruments), bool),
        fragments=np.array(list(pairwise(edges))),
    )
    features = generator.normal(size=(bars, columns))
    features[list(unready)] = np.nan
    names = [f"f{k}" for k in range(columns)]
    return build_tape(market, features.astype(np.float32), features, tuple(names), lookback=lookback)


@pytest.fixture(scope="session")
def tape() -> Tape:
    return make_tape()


@pytest.fixture(scope="session")
def tape_of() -> Callable[..., Tape]:
    return make_tape
