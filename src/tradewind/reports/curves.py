"""The sections of a tear sheet that are pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from tradewind.backtest.figures import Figures
from tradewind.backtest.result import BacktestResult
from tradewind.reports import numbers as n
from tradewind.reports.charts import Line, histogram, line_chart, strip
from tradewind.reports.tables import section
from tradewind.statistics import Undefined, checked_equity, daily_returns, drawdowns
from tradewind.words import counted

MOST_LINES = 6  # more colours than this cannot be told apart
MOST_STRIPS = 16


def shown(figures: Sequence[Figures], subject_index: int) -> list[int]:
    """Which results are drawn: the subject first, then the best of the others that traded."""
    others = [i for i in range(len(figures)) if i != subject_index and not figures[i].inactive]
    free = [i for i in others if not figures[i].risk_rules] or others
    best = sorted(free, key=lambda i: -figures[i].net_return)
    return [subject_index, *best[: MOST_LINES - 1]]


def equity(results: Sequence[BacktestResult], figures: Sequence[Figures], subject_index: int) -> str:
    drawn = shown(figures, subject_index)
    growth = [checked_equity(results[i].equity) / results[i].equity[0] for i in drawn]
    lowest, highest = min(float(g.min()) for g in growth), max(float(g.max()) for g in growth)
    log = lowest > 0 and highest / lowest > 6
    lines = [
        Line(
            figures[i].name,
            results[i].close_time,
            g if log else g - 1,
            f"c{k}",
            n.percent(figures[i].net_return, signed=True),
        )
        for k, (i, g) in enumerate(zip(drawn, growth))
    ]
    chart = line_chart(
        lines,
        (lambda v: f"×{v:g}") if log else _axis_percent,
        label="Net return over time",
        reference=1.0 if log else 0.0,
        log=log,
    )
    left_out = len(figures) - len(drawn)
    note = "Growth of the start capital after all costs" + (", on a logarithmic scale." if log else ".")
    if left_out:
        note += f" {counted(left_out, 'more result')} in the table below."
    return section("Equity", chart, note=note)


def drawdown(result: BacktestResult, figures: Figures) -> str:
    if figures.max_drawdown == 0:
        return section("Drawdown", note="Equity never fell below an earlier mark.")
    line = Line(figures.name, result.close_time, -drawdowns(result.equity), "fall")
    recovered = figures.drawdown_recovered_ms
    end = f"recovered on {n.date(recovered)}" if recovered is not None else "not recovered by the end"
    note = (
        f"Deepest {n.percent(figures.max_drawdown)}: from {n.date(figures.drawdown_peak_ms)}, lowest on "
        f"{n.date(figures.drawdown_bottom_ms)}, {end} ({n.span(figures.drawdown_days)}, "
        f"{counted(figures.drawdown_bars, 'bar')}). Longest time without a new high: "
        f"{n.span(figures.longest_under_water_days)}."
    )
    chart = line_chart(
        [line], _axis_percent, label="Drawdown over time", reference=0.0, filled=True, height_rem=9
    )
    return section("Drawdown", chart, note=note)


def positions(result: BacktestResult, figures: Figures) -> str:
    if figures.inactive:
        return section("Positions", note=f"{figures.name} never held a position.")
    mean = np.abs(result.weights).mean(axis=0)
    order = sorted(np.argsort(-mean, kind="stable")[:MOST_STRIPS])
    bound = float(np.abs(result.weights).max()) or 1.0
    parts = [_position(result, a, bound) for a in order]
    span = f"<span>{n.date(figures.start_ms)}</span><span>{n.date(figures.end_ms)}</span>"
    note = (
        f"Share of equity, long above and short below the line; each strip reaches {n.percent(bound, 0)}. "
        f"Average exposure {n.percent(figures.exposure)}, net {n.percent(figures.net_exposure, signed=True)}."
    )
    if len(order) < len(mean):
        note += f" The {len(order)} largest of {len(mean)} instruments."
    return section("Positions", *parts, f'<div class="from-to">{span}</div>', note=note)


def _position(result: BacktestResult, a: int, bound: float) -> str:
    symbol, weight = result.symbols[a], result.weights[:, a]
    mean, held = n.percent(float(np.abs(weight).mean())), n.percent(float((weight != 0).mean()), 0)
    return (
        f"<div class='position'><b>{escape(symbol)}</b><span>average {mean}, "
        f"held {held} of the time</span></div>"
        + strip(result.close_time, weight, bound, f"Weight of {symbol}")
    )


def daily(result: BacktestResult, figures: Figures) -> str:
    try:
        values = daily_returns(result.close_time, result.equity).value
    except Undefined as reason:
        return section("Daily returns", note=f"None: {reason}.")
    note = (
        f"{counted(len(values), 'calendar day')} (UTC; the first and the last may be partial), "
        f"{n.percent(figures.winning_days, 0)} of them with a gain; best "
        f"{n.percent(figures.best_day, signed=True)}, worst {n.percent(figures.worst_day, signed=True)}."
    )
    if figures.value_at_risk_95 is not None:
        note += (
            f" One day in twenty is worse than {n.percent(figures.value_at_risk_95)} (dashed), and the "
            f"mean of those days is {n.percent(figures.expected_shortfall_95)}."
        )
    chart = histogram(values, "Distribution of daily returns", _axis_percent, figures.value_at_risk_95)
    return section("Daily returns", chart, note=note)


def _axis_percent(value: float) -> str:
    text = f"{abs(value) * 100:.4g}"
    return ("−" if value < 0 and text != "0" else "") + text + " %"
