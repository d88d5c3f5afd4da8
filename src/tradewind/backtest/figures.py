"""Every figure of one backtest, each a finite number or None with the reason why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tradewind.statistics import MonthReturn

TARGET_SHARPE = 1.0  # `years_to_show_target` says how long one must watch to show this much skill


@dataclass(frozen=True, slots=True)
class InstrumentFigures:
    """The trades of one instrument. Money is net of fees, before funding."""

    symbol: str
    kind: str
    profit: float
    fees: float
    slippage: float
    trades: int
    open_trades: int
    win_rate: float | None
    turnover_per_year: float | None
    mean_weight: float
    close_return: float | None  # what the price itself did


@dataclass(frozen=True, slots=True)
class Comparison:
    """Against another result on the same days."""

    name: str
    net_return: float
    sharpe: float | None
    sharpe_difference: float | None
    sharpe_difference_low: float | None
    sharpe_difference_high: float | None
    alpha: float | None  # a year
    beta: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one result: fractions, quote currency, UTC ms. None: see `undefined` for the reason.

    Sharpe, Sortino, volatility and tails are of daily returns (UTC, 365 a year); drawdowns are of bars.
    """

    name: str
    risk_rules: bool
    symbols: tuple[str, ...]
    timeframe: str
    start_ms: int
    end_ms: int
    days: float
    bars: int
    daily_returns: int
    inactive: bool
    halted_ms: int | None  # when the kill switch fired first
    start_equity: float
    end_equity: float
    net_profit: float
    net_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    confidence: float
    psr: float | None
    years_to_show_target: float | None  # for normal returns where too few days are known
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    drawdown_bars: int
    drawdown_days: float
    drawdown_peak_ms: int
    drawdown_bottom_ms: int
    drawdown_recovered_ms: int | None
    longest_under_water_days: float
    value_at_risk_95: float | None
    expected_shortfall_95: float | None
    skew: float | None
    kurtosis: float | None
    best_day: float | None
    worst_day: float | None
    winning_days: float | None
    exposure: float
    net_exposure: float
    time_in_market: float
    turnover_per_day: float | None
    turnover_per_year: float | None
    gross_profit: float
    fees: float
    slippage: float
    funding: float
    cost_drag_per_year: float | None
    cost_share_of_gross: float | None
    edge_per_turnover: float | None
    cost_per_turnover: float | None
    decisions: int
    masked: int
    held: int
    missing: int
    fills: int
    trades: int
    open_trades: int
    win_rate: float | None
    profit_factor: float | None
    mean_trade: float | None
    mean_bars_held: float | None
    months: tuple[MonthReturn, ...]
    instruments: tuple[InstrumentFigures, ...]
    cuts: dict[str, int]
    exits: dict[str, int]
    notes: tuple[str, ...]
    benchmark: Comparison | None
    undefined: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., allow_nan=False)`; the keys are the field names."""
        plain = asdict(self)
        plain["months"] = [asdict(month) for month in self.months]
        plain["instruments"] = [asdict(one) for one in self.instruments]
        return plain
