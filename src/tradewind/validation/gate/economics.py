"""G3: does the edge pay? At higher costs, in every month, of more than one instrument, with the capital intended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tradewind import statistics as st
from tradewind.statistics.bootstrap import index_batches
from tradewind.validation.gate.criterion import Criterion, Line
from tradewind.validation.gate.facts import EconomicFacts
from tradewind.validation.gate.measures import returns
from tradewind.validation.gate.thresholds import Bootstrap, Economics

Floats = NDArray[np.float64]
GATE = "G3"


def double_costs(daily: Floats, limits: Economics) -> Criterion:
    """Daily returns at twice the costs and one bar more of delay."""
    values = returns(daily, 1, "the returns at double costs")
    return Line(GATE, "double costs, one bar of delay").at_least(
        limits.psr_at_double_costs, lambda: st.psr_of(values), "the PSR at double costs and one bar of delay"
    )


def triple_costs(daily: Floats, limits: Economics) -> Criterion:
    """Daily returns at three times the costs."""
    values = returns(daily, 1, "the returns at triple costs")

    def growth() -> float:
        equity = np.concatenate([[1.0], np.cumprod(1 + values)])
        return st.cagr(equity, 0, len(values) * st.DAY_MS)

    return Line(GATE, "triple costs").at_least(
        limits.cagr_at_triple_costs, growth, "growth a year at triple costs"
    )


def edge_over_cost(gross_edge_bps: float | None, cost_bps: float | None, limits: Economics) -> Criterion:
    """What a unit of turnover earns before costs, over what it is modelled to cost."""

    def ratio() -> float:
        if gross_edge_bps is None or cost_bps is None:
            raise st.Undefined("it was not measured")
        if cost_bps <= 0:
            raise st.Undefined("trading costs nothing here, so no edge can be compared with it")
        return gross_edge_bps / cost_bps

    return Line(GATE, "edge over cost").at_least(
        limits.edge_to_cost, ratio, "the gross edge over the modelled cost"
    )


def drawdown(daily: Floats, own_limit: float | None, limits: Economics, bootstrap: Bootstrap) -> Criterion:
    """The deepest drawdown that 95 % of resampled histories stay within."""
    values = returns(daily, 1, "the returns")

    def deepest() -> float:
        rng = np.random.default_rng(bootstrap.seed)
        found = [
            _drawdowns(values[rows]).max(axis=1) for rows in index_batches(len(values), bootstrap.draws, rng)
        ]
        return float(np.quantile(np.concatenate(found), bootstrap.confidence))

    limit = limits.drawdown if own_limit is None else own_limit
    return Line(GATE, "drawdown").at_most(
        limit, deepest, f"the drawdown that {bootstrap.confidence:.0%} of resamples stay within"
    )


def _drawdowns(daily: Floats) -> Floats:
    """[draws, D] below the peak so far, the start included, as positive fractions. Ruin is 1."""
    equity = np.cumprod(np.maximum(1 + daily, 0.0), axis=1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=1), 1.0)
    return np.asarray(1 - equity / peak)


def months(day: NDArray[np.int64], daily: Floats, limits: Economics) -> Criterion:
    """The share of the best calendar month (UTC) in the whole profit: of summed daily returns."""
    values = returns(daily, 1, "the returns")
    month = np.asarray(day).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    _, place = np.unique(month, return_inverse=True)
    profit = np.zeros(int(place.max()) + 1)
    np.add.at(profit, place, values)
    return _largest(Line(GATE, "best month"), profit, limits.month_share, "the best month")


def instruments(profit: Mapping[str, float], limits: Economics) -> Criterion:
    """The share of the best instrument in the whole profit."""
    line = Line(GATE, "best instrument")
    if len(profit) < limits.instruments:
        return line.not_applicable(
            f"instruments are compared from {limits.instruments} on, this has {len(profit)}"
        )
    best = max(profit, key=lambda name: profit[name])
    return _largest(line, np.array(list(profit.values())), limits.instrument_share, best)


def _largest(line: Line, parts: Floats, limit: float, best: str) -> Criterion:
    whole = float(parts.sum())
    if whole <= 0:
        return line.failed(None, "there is no profit of which a share could be taken", limit)
    return line.at_most(limit, lambda: float(parts.max()) / whole, f"the share of {best} in the profit")


def capacity(multiple: float | None, depth: bool, limits: Economics) -> Criterion:
    """How many times the intended capital trades at 10 basis points of extra impact."""
    line = Line(GATE, "capacity")
    if not depth:
        return line.not_applicable("this market is modelled without impact")

    def measured() -> float:
        if multiple is None:
            raise st.Undefined("it was not measured")
        return multiple

    return line.at_least(limits.capacity, measured, "the capacity in multiples of the capital")


def economics(facts: EconomicFacts, limits: Economics, bootstrap: Bootstrap) -> tuple[Criterion, ...]:
    """All of G3."""
    return (
        double_costs(facts.double_costs, limits),
        triple_costs(facts.triple_costs, limits),
        edge_over_cost(facts.gross_edge_bps, facts.cost_bps, limits),
        drawdown(facts.base, facts.drawdown_limit, limits, bootstrap),
        months(facts.day, facts.base, limits),
        instruments(facts.instrument_profit, limits),
        capacity(facts.capacity, facts.depth, limits),
    )
