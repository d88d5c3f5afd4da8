"""How long the probability of backtest overfitting takes: 12,870 halves of 100 trials."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import numpy as np

from measure import Result
from tradewind.statistics import cscv

TARGET_SECONDS = 0.3


def measure(quick: bool) -> Iterator[Result]:
    """CSCV of 2,000 rows and 100 trials by 16 blocks, on one core."""
    returns = np.random.default_rng(0).normal(0, 0.01, (2000, 100))
    cscv(returns, 16)
    seconds = median(_seconds(returns) for _ in range(3 if quick else 9))
    yield Result(
        "overfitting: CSCV, S=16, T=2,000, N=100",
        seconds,
        None,
        None,
        "s",
        "target",
        f"<= {TARGET_SECONDS:g} s",
        seconds <= TARGET_SECONDS,
        "CPU time of one core",
    )


def _seconds(returns: np.ndarray) -> float:
    started = time.process_time()
    cscv(returns, 16)
    return time.process_time() - started
