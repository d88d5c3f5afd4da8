"""Candles to test with, and a small server that speaks Binance's public market data over a real socket."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tradewind.data.instruments import build_instrument
from tradewind.data.series import Candles, CandleSeries
from tradewind.market import Timeframe


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def candles() -> Callable[..., Candles]:
    """Random but possible candles at given open times (ms)."""

    def make(times: list[int] | np.ndarray, seed: int = 0) -> Candles:
        rng = np.random.default_rng(seed)
        n = len(times)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
        opened = np.r_[100.0, close[:-1]]
        high = np.maximum(opened, close) * (1 + rng.uniform(0, 0.01, n))
        low = np.minimum(opened, close) * (1 - rng.uniform(0, 0.01, n))
        return Candles(np.array(times, dtype=np.int64), opened, high, low, close, rng.uniform(1, 9, n))

    return make


@pytest.fixture
def series(candles: Callable[..., Candles]) -> Callable[..., CandleSeries]:
    """A series whose bars open at the given numbers of minutes after 2025-01-01."""

    def make(
        symbol: str, minutes: list[int] | range, seed: int = 0, timeframe: str = "1m", **extras: object
    ) -> CandleSeries:
        start = 1_735_689_600_000
        known = build_instrument("binance", symbol, {})
        bars = candles([start + m * 60_000 for m in minutes], seed)
        return CandleSeries(known.instrument, Timeframe(timeframe), bars, **extras)  # type: ignore[arg-type]

    return make


@pytest.fixture
def venue() -> Iterator[object]:
    """A running server of public market data (see `binance_server.py`); `venue.url` is its address."""
    server = _module("binance_server").BinanceServer()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
