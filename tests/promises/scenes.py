"""Small scenes for the sensitivity of parity: a market, rules that bite, and a policy that only counts bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.promises.agents import CAPITAL, live
from tests.promises.differing import differing_fields
from tests.promises.worldlets import Moody, wild_market
from tradewind.backtest.decisions import Decisions
from tradewind.backtest.run import backtest
from tradewind.features import FeaturePlan
from tradewind.market import Kind, Market, Observation
from tradewind.policy import Policy
from tradewind.policy.agent import Agent
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules, Tape
from tradewind.trading.session.parity import as_arrays

BARS = 800
PRICES = ("open", "high", "low", "close")
QUIET = RiskLimits(max_weight=1.5, stop_loss=None, daily_loss=None, max_drawdown=None, cooldown_bars=2)


class Metronome:
    """Weights by the clock alone: what differs between two runs came from the rule, not from what it saw."""

    def __init__(self, width: int, reach: float) -> None:
        self.width, self.reach = width, reach

    def decide(self, observation: Observation) -> NDArray[np.float64]:
        beat = observation.at // 300_000 % 100_000 + 7.3 * np.arange(self.width)
        wanted = self.reach * np.sin(0.9 * beat + np.sin(0.011 * beat * beat))
        wanted[np.sin(5.1 * beat) > -0.5] = np.nan
        wanted[np.abs(np.sin(17 * beat)) < 0.03] = 0.0
        return wanted

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One market with one set of rules; `sees` takes a policy that reads its whole observation."""

    market: Market
    rules: Rules
    sees: bool = False

    def agent(self) -> Agent:
        width = len(self.market.instruments)
        reach = self.rules.leverage if self.market.instruments[0].kind is Kind.PERPETUAL else 1.2
        policy: Policy = Moody(width, reach) if self.sees else Metronome(width, reach)
        return Agent("scene", policy, PLAN, self.rules)

    def backtest(self) -> Decisions:
        tape = _tape(self.market, self.rules.lookback, self.rules.costs.volume_window)
        return backtest(self.agent(), tape, capital=CAPITAL, rearm_at=rearms(self.market)).decisions

    def live(self, venue_rules: Rules | None = None) -> Decisions:
        _, decisions = live(self.agent(), self.market, rearms(self.market), venue_rules=venue_rules)
        return as_arrays(decisions, self.market.symbols)


PLAN = FeaturePlan.of("log_return")


@lru_cache(maxsize=4)
def _tape(market: Market, lookback: int, volume_window: int) -> Tape:
    """The same market under other rules has the same tape, but for these two."""
    rules = Rules(lookback=lookback, costs=Costs(volume_window=volume_window))
    return Agent("tape", Metronome(len(market.instruments), 1.0), PLAN, rules).tape(market)


def rearms(market: Market) -> tuple[int, ...]:
    return tuple(int(t) for t in market.close_time[100::120])


def scene(kind: Kind = Kind.PERPETUAL, sees: bool = False, **changes: Any) -> Scene:
    """Two instruments under costs alone; `changes` by the name of the field, wherever it lives."""
    market = wild_market(BARS, 2, kind, seed=3)
    rules = Rules(
        costs=Costs(participation_cap=0.3),
        risk=QUIET,
        leverage=4.0 if kind is Kind.PERPETUAL else 1.0,
        lookback=2,
    )
    made = Scene(market, rules, sees)
    for name, value in changes.items():
        made = changed(made, owner_of(name), name, value)
    return made


def reckless() -> Scene:
    """So much leverage that the venue liquidates."""
    return scene(leverage=12.0, max_weight=12.0)


def small_orders() -> Scene:
    """Spot, with a minimum that many orders and closes fall below."""
    made = scene(Kind.SPOT, band=0.0)
    return with_instrument(made, min_notional=Decimal("1500"))


def marked() -> Scene:
    """Mark prices of their own, funding, and liquidations that follow the mark."""
    made = reckless()
    traded = np.stack([getattr(made.market, name) for name in PRICES], axis=2)
    return replace(made, market=replace(made.market, mark=traded * 1.001))


def owner_of(name: str) -> type:
    return next(owner for owner in (Rules, Costs, RiskLimits) if name in owner.__dataclass_fields__)


def changed(before: Scene, owner: type, name: str, value: Any) -> Scene:
    """The scene with one field of its rules at another value."""
    rules = before.rules
    if owner is Costs:
        rules = replace(rules, costs=replace(rules.costs, **{name: value}))
    elif owner is RiskLimits:
        rules = replace(rules, risk=replace(rules.risk, **{name: value}))
    else:
        rules = replace(rules, **{name: value})
    return replace(before, rules=rules)


def with_instrument(before: Scene, **changes: Any) -> Scene:
    """The scene with one or more fields of its first instrument at another value."""
    first, *others = before.market.instruments
    market = replace(before.market, instruments=(replace(first, **changes), *others))
    return replace(before, market=market)


def with_cell(before: Scene, column: str, row: int, value: float) -> Scene:
    """The scene with one number of one bar of the first instrument at another value."""
    name, _, part = column.partition(".")
    cells = getattr(before.market, name).copy()
    cells[(row, 0, PRICES.index(part)) if part else (row, 0)] = value
    return replace(before, market=replace(before.market, **{name: cells}))


def edge(at: Callable[[float], Scene], low: float, high: float) -> tuple[float, float]:
    """Two neighbouring floats between which the backtest decides differently, found by bisection.

    The first behaves as `low` does. Whatever the rule, between two values that differ there is such a pair.
    """
    base = at(low).backtest()
    assert differing_fields(base, at(high).backtest()), (
        f"nothing changes from {low} to {high}: no scene for it"
    )
    a, b = (int(np.float64(x).view(np.int64)) for x in (low, high))
    while abs(b - a) > 1:
        middle = (a + b) // 2
        if differing_fields(base, at(_float(middle)).backtest()):
            b = middle
        else:
            a = middle
    assert math.nextafter(_float(a), _float(b)) == _float(b)
    return _float(a), _float(b)


def _float(bits: int) -> float:
    return float(np.int64(bits).view(np.float64))
