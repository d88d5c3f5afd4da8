"""From a backtest's arrays to its figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind import statistics as st
from tradewind.backtest.figures import TARGET_SHARPE, Comparison, Figures, InstrumentFigures
from tradewind.backtest.result import BacktestResult, trades
from tradewind.market.errors import DataError
from tradewind.market.orders import FillReason
from tradewind.statistics import Reasons

Floats = NDArray[np.float64]


def summary(
    result: BacktestResult,
    *,
    rng: np.random.Generator,
    benchmark: BacktestResult | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Figures:
    """All figures of a result; `rng` draws the bootstrap of its Sharpe. `benchmark` must share its bars."""
    why = Reasons()
    inactive = len(result.fills) == 0
    days = why.value("daily_returns", lambda: st.daily_returns(result.close_time, result.equity))
    curve = _curve_figures(result, why)
    risk = _risk_figures(result, None if days is None else days.value, curve["cagr"], why)
    skill = _skill_figures(None if days is None else days.value, inactive, rng, draws, confidence, why)
    costs = _cost_figures(result, why)
    trips = trades(result)
    against = None if benchmark is None else _compare(result, benchmark, rng, draws, confidence, why)
    return Figures(
        name=result.name,
        risk_rules=result.risk_rules,
        symbols=result.symbols,
        timeframe=str(result.timeframe),
        start_ms=int(result.close_time[0]),
        end_ms=int(result.close_time[-1]),
        bars=len(result),
        daily_returns=0 if days is None else len(days),
        inactive=inactive,
        halted_ms=result.halted_at,
        confidence=confidence,
        masked=result.masked,
        held=result.held,
        missing=result.missing,
        decisions=len(result) - result.missing,
        exposure=float(np.abs(result.weights).sum(axis=1).mean()),
        net_exposure=float(result.weights.sum(axis=1).mean()),
        time_in_market=float((result.weights != 0).any(axis=1).mean()),
        months=st.monthly_returns(result.close_time, result.equity),
        instruments=tuple(_instrument_figures(result, a, trips) for a in range(len(result.symbols))),
        cuts={name: int(count) for name, count in result.cuts.items()},
        exits=_exits(result),
        notes=result.notes,
        benchmark=against,
        undefined=why.found,
        **curve,
        **risk,
        **skill,
        **costs,
        **_trade_figures(trips, why),
    )


def _curve_figures(result: BacktestResult, why: Reasons) -> dict[str, Any]:
    times, equity = result.close_time, result.equity
    start, end = int(times[0]), int(times[-1])
    fall = st.max_drawdown(equity)
    under_from, under_to = st.longest_under_water(equity)
    growth = why.value("cagr", lambda: st.cagr(equity, start, end))
    return {
        "days": (end - start) / st.DAY_MS,
        "start_equity": float(equity[0]),
        "end_equity": float(equity[-1]),
        "net_profit": float(equity[-1] - equity[0]),
        "net_return": st.net_return(equity),
        "cagr": growth,
        "calmar": None if growth is None else why.value("calmar", lambda: st.calmar(growth, fall)),
        "max_drawdown": fall.fraction,
        "drawdown_bars": fall.bars,
        "drawdown_days": float(times[fall.end] - times[fall.peak]) / st.DAY_MS,
        "drawdown_peak_ms": int(times[fall.peak]),
        "drawdown_bottom_ms": int(times[fall.bottom]),
        "drawdown_recovered_ms": None if fall.recovery is None else int(times[fall.recovery]),
        "longest_under_water_days": float(times[under_to] - times[under_from]) / st.DAY_MS,
    }


def _risk_figures(
    result: BacktestResult, daily: Floats | None, growth: float | None, why: Reasons
) -> dict[str, Any]:
    names = ("volatility", "sortino", "value_at_risk_95", "expected_shortfall_95", "skew", "kurtosis")
    if growth is None:
        why.found.setdefault("calmar", why.found.get("cagr", ""))
    if daily is None or len(daily) == 0:
        reason = why.found.get("daily_returns", "no day has a return")
        why.found.update(dict.fromkeys((*names, "best_day", "worst_day", "winning_days"), reason))
        return dict.fromkeys((*names, "best_day", "worst_day", "winning_days"))
    functions = (st.volatility, st.sortino, st.value_at_risk, st.expected_shortfall, st.skew, st.kurtosis)
    figures: dict[str, Any] = {
        name: why.value(name, lambda f=function: f(daily))  # type: ignore[misc]
        for name, function in zip(names, functions)
    }
    figures |= {"best_day": float(daily.max()), "worst_day": float(daily.min())}
    return figures | {"winning_days": float((daily > 0).mean())}


def _skill_figures(
    daily: Floats | None,
    inactive: bool,
    rng: np.random.Generator,
    draws: int,
    confidence: float,
    why: Reasons,
) -> dict[str, Any]:
    names = ("sharpe", "sharpe_low", "sharpe_high", "psr", "years_to_show_target")
    if inactive or daily is None:
        reason = "inactive: it never traded" if inactive else why.found["daily_returns"]
        why.found.update(dict.fromkeys(names, reason))
        return dict.fromkeys(names)
    sharpe = why.value("sharpe", lambda: st.sharpe(daily))
    if sharpe is None:
        why.found.update(dict.fromkeys(names[:-1], why.found["sharpe"]))
        return dict.fromkeys(names) | {"years_to_show_target": _years_to_show(0.0, 3.0, confidence)}
    interval = why.value("sharpe_low", lambda: st.sharpe_interval(daily, rng, draws, confidence))
    if interval is None:
        why.found["sharpe_high"] = why.found["sharpe_low"]
    shape = st.skew(daily), st.kurtosis(daily)
    return {
        "sharpe": sharpe,
        "sharpe_low": None if interval is None else interval.low,
        "sharpe_high": None if interval is None else interval.high,
        "psr": why.value("psr", lambda: st.psr(st.sharpe_per_day(daily), len(daily), *shape)),
        "years_to_show_target": why.value(
            "years_to_show_target",
            lambda: _years_to_show(*shape, confidence),
        ),
    }


def _years_to_show(skew: float, kurtosis: float, confidence: float) -> float:
    """How long a record of daily returns must be to tell the target Sharpe from zero."""
    per_day = TARGET_SHARPE / math.sqrt(st.DAYS_PER_YEAR)
    return st.min_trl(per_day, skew, kurtosis, confidence=confidence) / st.DAYS_PER_YEAR


def _cost_figures(result: BacktestResult, why: Reasons) -> dict[str, Any]:
    fees, slippage = float(result.fills["fee"].sum()), float(result.fills["slippage"].sum())
    net = float(result.equity[-1] - result.equity[0])
    costs = fees + slippage - result.funding
    gross = net + costs
    days = float(result.close_time[-1] - result.close_time[0]) / st.DAY_MS
    traded = result.fill_notional
    turnover = _over_equity(traded, result)
    drag = _over_equity(result.fills["fee"] + result.fills["slippage"], result)
    short = "one mark only: a rate needs a span of time"
    none = "it never traded"
    return {
        "gross_profit": gross,
        "fees": fees,
        "slippage": slippage,
        "funding": float(result.funding),
        "turnover_per_day": why.ratio("turnover_per_day", turnover, days, short),
        "turnover_per_year": why.ratio("turnover_per_year", turnover * st.DAYS_PER_YEAR, days, short),
        "cost_drag_per_year": why.ratio("cost_drag_per_year", drag * st.DAYS_PER_YEAR, days, short),
        "cost_share_of_gross": why.ratio("cost_share_of_gross", costs, gross, "there is no gross profit"),
        "edge_per_turnover": why.ratio("edge_per_turnover", gross, float(traded.sum()), none),
        "cost_per_turnover": why.ratio("cost_per_turnover", fees + slippage, float(traded.sum()), none),
        "fills": len(result.fills),
    }


def _over_equity(amounts: Floats, result: BacktestResult) -> float:
    """The sum of amounts, each as a fraction of the equity before it; a ruined account trades no more."""
    equity = result.equity_before
    alive = equity > 0
    return float((amounts[alive] / equity[alive]).sum())


def _trade_figures(trips: NDArray[np.void], why: Reasons) -> dict[str, Any]:
    closed = trips[trips["exit_row"] >= 0]
    profit = closed["profit"]
    none = "no trade was closed"
    lost = float(-profit[profit < 0].sum())
    return {
        "trades": len(closed),
        "open_trades": len(trips) - len(closed),
        "win_rate": why.ratio("win_rate", float((profit > 0).sum()), len(closed), none),
        "profit_factor": why.ratio(
            "profit_factor",
            float(profit[profit > 0].sum()),
            lost,
            "no closed trade lost money" if len(closed) else none,
        ),
        "mean_trade": why.ratio("mean_trade", float(profit.sum()), len(closed), none),
        "mean_bars_held": why.ratio(
            "mean_bars_held", float((closed["exit_row"] - closed["entry_row"]).sum()), len(closed), none
        ),
    }


def _instrument_figures(result: BacktestResult, a: int, trips: NDArray[np.void]) -> InstrumentFigures:
    own = trips[trips["instrument"] == a]
    closed = own[own["exit_row"] >= 0]
    mine = result.fills["instrument"] == a
    days = float(result.close_time[-1] - result.close_time[0]) / st.DAY_MS
    equity = result.equity_before[mine]
    notional = result.fill_notional[mine][equity > 0] / equity[equity > 0]
    close = result.close[np.isfinite(result.close[:, a]), a]
    return InstrumentFigures(
        symbol=result.symbols[a],
        kind=str(result.kinds[a]),
        profit=float(own["profit"].sum()),
        fees=float(result.fills["fee"][mine].sum()),
        slippage=float(result.fills["slippage"][mine].sum()),
        trades=len(closed),
        open_trades=len(own) - len(closed),
        win_rate=float((closed["profit"] > 0).mean()) if len(closed) else None,
        turnover_per_year=float(notional.sum()) * st.DAYS_PER_YEAR / days if days > 0 else None,
        mean_weight=float(result.weights[:, a].mean()),
        close_return=float(close[-1] / close[0] - 1) if len(close) > 1 else None,
    )


def _exits(result: BacktestResult) -> dict[str, int]:
    """How many fills each rule forced (stops, liquidations, close-outs); orders are not among them."""
    counts = {reason.name: int((result.fills["reason"] == reason).sum()) for reason in FillReason}
    return {name: count for name, count in counts.items() if count and name != FillReason.ORDER.name}


def _compare(
    result: BacktestResult,
    other: BacktestResult,
    rng: np.random.Generator,
    draws: int,
    confidence: float,
    why: Reasons,
) -> Comparison:
    if not np.array_equal(result.close_time, other.close_time):
        raise DataError(f"{result.name} and {other.name} were tested on different bars: run both on the same")
    ours = why.value("benchmark", lambda: st.daily_returns(result.close_time, result.equity).value)
    theirs = why.value("benchmark", lambda: st.daily_returns(other.close_time, other.equity).value)
    if ours is None or theirs is None:
        return Comparison(other.name, st.net_return(other.equity), *[None] * 7)
    difference = why.value(
        "benchmark.sharpe_difference", lambda: st.sharpe_difference(ours, theirs, rng, draws, confidence)
    )
    line = why.value("benchmark.regression", lambda: st.regression(ours, theirs))
    return Comparison(
        name=other.name,
        net_return=st.net_return(other.equity),
        sharpe=why.value("benchmark.sharpe", lambda: st.sharpe(theirs)),
        sharpe_difference=None if difference is None else difference.value,
        sharpe_difference_low=None if difference is None else difference.low,
        sharpe_difference_high=None if difference is None else difference.high,
        alpha=None if line is None else line[0],
        beta=None if line is None else line[1],
        correlation=None if line is None else line[2],
    )
