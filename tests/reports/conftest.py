"""Small backtests with exact books: targets are traded at the next close, at a fee and a slippage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tradewind.backtest.result import FILL_ROW, BacktestResult
from tradewind.market import FillReason, Kind, Timeframe

HOUR_MS = 3_600_000
START_MS = 1_767_225_600_000  # 2026-01-01


def walk(bars: int, width: int = 1, seed: int = 0, drift: float = 0.0) -> np.ndarray:
    """[bars, width] prices of hourly bars."""
    moves = np.random.default_rng(seed).normal(drift, 0.006, (bars, width))
    return 100.0 * np.exp(np.cumsum(moves, axis=0))


def book(
    name: str,
    close: np.ndarray,
    targets: np.ndarray,
    *,
    symbols: tuple[str, ...] | None = None,
    capital: float = 10_000.0,
    fee_rate: float = 0.001,
    slippage_rate: float = 0.0005,
    lot: float = 1e-4,
    reason: FillReason = FillReason.ORDER,
    **more: object,
) -> BacktestResult:
    """A result whose equity, fills and costs agree with one another to rounding."""
    bars, width = close.shape
    cash, lots = capital, np.zeros(width, np.int64)
    equity, weights, fills = np.full(bars, capital), np.zeros((bars, width)), []
    for t in range(1, bars):
        before = cash + (lots * lot * close[t]).sum()
        for a in range(width):
            wanted = targets[t - 1, a]
            order = 0 if np.isnan(wanted) else int(wanted * before / close[t, a] / lot) - int(lots[a])
            if order == 0:
                continue
            price = close[t, a] * (1 + np.sign(order) * slippage_rate)
            fee, slipped = abs(order) * lot * price * fee_rate, abs(order) * lot * close[t, a] * slippage_rate
            cash -= order * lot * price + fee
            lots[a] += order
            fills.append((t, a, order, price, fee, slipped, 0.0, int(reason), 0))
        equity[t] = cash + (lots * lot * close[t]).sum()
        weights[t] = lots * lot * close[t] / equity[t]
    return BacktestResult(
        name=name,
        symbols=symbols or tuple(f"C{a}/USDT" for a in range(width)),
        timeframe=Timeframe("1h"),
        close_time=START_MS + HOUR_MS * np.arange(bars, dtype=np.int64),
        equity=equity,
        weights=weights,
        targets=targets,
        close=close.copy(),
        fills=np.array(fills, FILL_ROW),
        lot_size=np.full(width, lot),
        kinds=(Kind.SPOT,) * width,
        **more,
    )


def hold(close: np.ndarray) -> np.ndarray:
    """Equal weights at the first decision, then nothing."""
    targets = np.full(close.shape, np.nan)
    targets[0] = 0.98 / close.shape[1]
    return targets


def flipping(close: np.ndarray, seed: int, size: float = 0.3, every: int = 12) -> np.ndarray:
    """A new random weight every few bars."""
    targets = np.full(close.shape, np.nan)
    rows = np.arange(0, len(close), every)
    targets[rows] = np.random.default_rng(seed).choice([-size, 0.0, size], (len(rows), close.shape[1]))
    return targets


def knowing(close: np.ndarray, size: float = 0.5, every: int = 24) -> np.ndarray:
    """Holds what will rise until the next look: an edge that no one has."""
    targets = np.full(close.shape, np.nan)
    for t in range(0, len(close) - every - 1, every):
        targets[t] = np.where(close[t + 1 + every] > close[t + 1] * 1.004, size / close.shape[1], 0.0)
    return targets


def kept_flat(close: np.ndarray) -> np.ndarray:
    return np.zeros(close.shape)


@pytest.fixture
def made() -> Callable[..., BacktestResult]:
    """`made(kind, name, days=60, ...)`: a backtest of hold, flipping, knowing or kept_flat."""

    def make(kind: str, name: str = "", days: int = 60, width: int = 2, seed: int = 0, **more: object):
        close = walk(24 * days + 1, width, seed)
        targets = {
            "hold": hold(close),
            "flipping": flipping(close, seed + 1),
            "knowing": knowing(close),
            "flat": kept_flat(close),
        }[kind]
        return book(name or kind, close, targets, **more)

    return make
