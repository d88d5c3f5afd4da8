"""The numbers of a run, and those of them that its status tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class InstrumentMetrics:
    """The trades of one symbol. Profit is of closed trades, quote, net of fees, before funding."""

    symbol: str
    fills: int
    trades: int
    open_trades: int
    win_rate: float | None
    profit: float
    fees: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """Fractions, quote currency, UTC ms. None: not defined yet."""

    started_at: int | None
    ended_at: int | None
    duration_seconds: float
    uptime_share: float | None  # of the time since the first start
    sessions: int
    bars: int
    decisions: int
    start_equity: float
    end_equity: float  # with what filled since the last close
    paid_in: float  # money that came (negative: went) from outside
    profit: float
    net_return: float
    max_drawdown: float
    drawdown: float  # now
    sharpe_30d: float | None  # of daily returns, a year; None before 20 days
    sortino_30d: float | None
    orders: int
    fills: int
    trades: int
    open_trades: int
    win_rate: float | None
    fees: float
    funding: float
    slippage: float | None  # mean over notional, fraction of the price
    slippage_modelled: float | None
    instruments: tuple[InstrumentMetrics, ...]
    denied: dict[str, int]  # orders that were not sent, by reason
    masked: int  # bars of one symbol that did not come
    faults: dict[str, int]  # survived, by kind
    in_doubt: int  # orders whose fate is open
    alarms: dict[str, int]
    decision_us: dict[str, float]  # p50, p95, p99
    requests: int
    request_ms: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Glance:
    """Of one moment: what is found without a look at the whole past. As `Metrics`, but for sums in place of kinds."""

    equity: float
    decisions: int
    net_return: float
    profit: float
    max_drawdown: float
    trades: int
    win_rate: float | None
    fees: float
    uptime_share: float | None
    not_sent: int
    faults_survived: int
    alarms: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99; empty where there is nothing."""
    if not len(values):
        return {}
    found = np.percentile(np.asarray(values), [50, 95, 99])
    return {name: float(v) for name, v in zip(("p50", "p95", "p99"), found, strict=True)}
