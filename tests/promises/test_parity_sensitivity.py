"""Parity would notice: every field that trading obeys, changed by the least there is, on one side alone.

For a float the least is one unit in the last place. Most values swallow that (a threshold that nothing meets,
a rate lost in 1 + rate), so each case first finds, by bisection over backtests, two neighbouring floats
between which the run differs. There the engine must agree with the backtest of its own value, and not with that
of its neighbour: both sides of every edge lie at the same float in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.promises.differing import differing_fields
from tests.promises.scenes import (
    PRICES,
    Scene,
    changed,
    edge,
    marked,
    reckless,
    scene,
    small_orders,
    with_cell,
    with_instrument,
)
from tests.promises.worldlets import TIERS
from tradewind.market import FeeAsset, Instrument, Kind, MaintenanceTier, Market
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Reward, Rules

LOW_FLOOR, LOW_RATE = 2_000.0, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A field from one value to another in a scene. `by_venue`: the venue alone acts on it as well."""

    owner: type
    name: str
    low: Any
    high: Any
    make: Callable[[], Scene] = scene
    by_venue: bool = False

    def at(self, before: Scene, value: Any) -> Scene:
        if self.owner is Instrument:
            return with_instrument(before, **_instrument_change(self.name, value))
        return changed(before, self.owner, self.name, value)


def _instrument_change(name: str, value: Any) -> dict[str, Any]:
    """Decimals and tiers are made from the float whose last bit moves: the kernels read them as floats."""
    if name in ("lot", "min_notional"):
        return {name: Decimal(repr(value))}
    if name.startswith("tiers."):
        return {"tiers": tiers(**{name.removeprefix("tiers."): value})}
    return {name: value}


def tiers(notional_floor: float = LOW_FLOOR, rate: float = LOW_RATE) -> tuple[MaintenanceTier, ...]:
    """Two tiers; the amount of the second is the one without a jump."""
    lowest = TIERS[0]
    return (lowest, MaintenanceTier(notional_floor, rate, notional_floor * (rate - lowest.rate)))


def spot() -> Scene:
    return scene(Kind.SPOT)


def tiered() -> Scene:
    return with_instrument(reckless(), tiers=tiers())


def seeing() -> Scene:
    return scene(sees=True)


CASES = [
    Case(Costs, "half_spread", 0.0001, 0.0002, by_venue=True),
    Case(Costs, "slippage", 0.0002, 0.0003, by_venue=True),
    Case(Costs, "impact", 0.002, 0.003, by_venue=True),
    Case(Costs, "participation_cap", 0.1, 0.2, by_venue=True),
    Case(Costs, "participation_cap", 0.1, None, by_venue=True),
    Case(Costs, "volume_window", 30, 31, by_venue=True),
    Case(RiskLimits, "max_weight", 0.5, 0.6),
    Case(RiskLimits, "max_weight", 0.25 * 4.0, None, lambda: scene(max_weight=None, leverage=5.0)),
    Case(RiskLimits, "max_gross", 1.0, 1.2),
    Case(RiskLimits, "max_net", 0.5, 0.6),
    Case(RiskLimits, "max_order_notional", 2_000.0, 3_000.0),
    Case(RiskLimits, "stop_loss", 0.05, 0.06, by_venue=True),
    Case(RiskLimits, "stop_loss", 0.05, None, by_venue=True),
    Case(RiskLimits, "trailing_stop", 0.05, 0.06, by_venue=True),
    Case(RiskLimits, "cooldown_bars", 2, 3, lambda: scene(stop_loss=0.02)),
    Case(RiskLimits, "daily_loss", 0.05, 0.07),
    Case(RiskLimits, "max_drawdown", 0.15, 0.2),
    Case(RiskLimits, "streak_losses", 2, 3),
    Case(RiskLimits, "streak_bars", 12, 13, lambda: scene(streak_losses=2)),
    Case(Rules, "leverage", 4.0, 5.0),
    Case(Rules, "leverage", 12, 13, reckless, by_venue=True),  # where sizing has its edge the venue has none
    Case(Rules, "reserve", 0.01, 0.05, spot),
    Case(Rules, "band", 0.02, 0.2),
    Case(Rules, "lookback", 2, 3, seeing),
    Case(Rules, "clock", False, True, seeing),
    Case(Rules, "reward", Reward.LOG_RETURN, Reward.SIMPLE_RETURN),
    Case(Rules, "reward_scale", 1.0, 1.5),
    Case(Rules, "reward_penalty", 0.1, 0.2, lambda: scene(reward=Reward.DRAWDOWN_PENALTY)),
    Case(Rules, "reward_penalty", 0.1, 0.2, lambda: scene(reward=Reward.TURNOVER_PENALTY)),
    Case(Rules, "score_rate", 0.01, 0.02, lambda: scene(reward=Reward.DIFFERENTIAL_SHARPE)),
    Case(Instrument, "lot", 0.001, 0.0011),
    Case(Instrument, "min_notional", 500.0, 1_000.0, lambda: scene(band=0.0)),
    Case(Instrument, "min_notional", 1_500.0, 1_000.0, small_orders),
    Case(Instrument, "taker_fee", 0.0005, 0.0006),
    Case(Instrument, "fee_asset", FeeAsset.QUOTE, FeeAsset.BASE, spot),
    Case(Instrument, "closes_below_minimum", False, True, small_orders),
    Case(Instrument, "tiers.rate", LOW_RATE, 0.02, tiered),
    Case(Instrument, "tiers.notional_floor", LOW_FLOOR, 20_000.0, tiered),
]

ONLY_TRAINING = "ends an episode of training; a backtest and an engine trade on"
EXEMPT = {
    (Rules, "costs"): "its own fields are cases",
    (Rules, "risk"): "its own fields are cases",
    (Rules, "ruin"): ONLY_TRAINING,
    (Rules, "terminate_on_kill"): ONLY_TRAINING,
    (Instrument, "venue"): "a label",
    (Instrument, "symbol"): "a label; orders and fills that name another are refused",
    (Instrument, "base"): "a label",
    (Instrument, "quote"): "a label; all instruments share it",
    (Instrument, "kind"): "what a scene is, spot or perpetual; no rule within one",
    (Instrument, "tick"): "market orders have no price of their own",
    (Instrument, "maker_fee"): "every order takes",
}


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.owner.__name__}.{c.name}")
def test_the_least_change_of_one_rule_on_one_side_is_seen(case: Case) -> None:
    """Sizes in bars, switches and choices have no bits between: theirs is the next value."""
    before = case.make()
    low, high = case.low, case.high
    if isinstance(low, float) and isinstance(high, float):
        low, high = edge(lambda value: case.at(before, value), low, high)
    here, there = case.at(before, low), case.at(before, high)
    assert_seen(here, there)
    if case.by_venue:
        assert differing_fields(here.live(venue_rules=there.rules), here.backtest()) != []


def assert_seen(here: Scene, there: Scene) -> None:
    """Each engine agrees with its own backtest, and with the other's it does not."""
    ours, theirs = here.backtest(), there.backtest()
    engines = here.live(), there.live()
    assert len(ours) > 200
    assert np.abs(ours.orders).sum() > 0
    assert differing_fields(engines[0], ours) == []
    assert differing_fields(engines[1], theirs) == []
    assert differing_fields(engines[0], theirs) != []
    assert differing_fields(engines[1], ours) != []


def test_every_field_has_a_case_or_a_reason() -> None:
    """A field that is new fails here until somebody says what it does."""
    known = {(c.owner, c.name.partition(".")[0]) for c in CASES} | set(EXEMPT)
    assert known == {(t, f.name) for t in (Rules, Costs, RiskLimits, Instrument) for f in fields(t)}
    parts = {c.name.removeprefix("tiers.") for c in CASES if c.name.startswith("tiers.")}
    assert parts | {"amount"} == {f.name for f in fields(MaintenanceTier)}  # it follows from the other two


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (Rules, "ruin", 0.9),
        (Rules, "terminate_on_kill", True),
        (Instrument, "tick", Decimal("1")),
        (Instrument, "maker_fee", 0.05),
        (Instrument, "venue", "elsewhere"),
    ],
)
def test_what_is_no_rule_of_trading_changes_nothing(owner: type, name: str, value: Any) -> None:
    before = scene(max_drawdown=0.1)
    there = Case(owner, name, None, value).at(before, value)
    assert differing_fields(there.live(), before.backtest()) == []


def stopped() -> Scene:
    return scene(stop_loss=0.05, trailing_stop=0.06)


def _between(bars: Market, row: int, towards: str, name: str) -> float:
    """Half the way to the bar's extreme: still a possible bar."""
    return float(getattr(bars, name)[row, 0] + getattr(bars, towards)[row, 0]) / 2


def _times(factor: float, name: str, part: int | None = None) -> Callable[[Market, int], float]:
    return lambda bars, row: float(factor * getattr(bars, name)[(row, 0) if part is None else (row, 0, part)])


CELLS: dict[str, tuple[Callable[[], Scene], Callable[[Market, int], float]]] = {
    "open": (scene, lambda bars, row: _between(bars, row, "high", "open")),
    "high": (stopped, _times(1.1, "high")),
    "low": (stopped, _times(0.9, "low")),
    "close": (scene, lambda bars, row: _between(bars, row, "high", "close")),
    "volume": (scene, _times(2.0, "volume")),
    "funding_rate": (scene, _times(3.0, "funding_rate")),
    "mark.open": (marked, _times(0.99, "mark", 0)),
    "mark.high": (marked, _times(1.3, "mark", 1)),
    "mark.low": (marked, _times(0.7, "mark", 2)),
    "mark.close": (marked, _times(0.999, "mark", 3)),
}


@pytest.mark.parametrize("column", CELLS)
def test_the_last_bit_of_one_number_of_one_bar_on_one_side_is_seen(column: str) -> None:
    """An engine that took bar t+1 for bar t, in any one column, would be found out."""
    make, other = CELLS[column]
    before = make()
    row, low, high = _row_that_matters(before, column, other)
    low, high = edge(lambda value: with_cell(before, column, row, value), low, high)
    assert_seen(with_cell(before, column, row, low), with_cell(before, column, row, high))


def _row_that_matters(
    before: Scene, column: str, other: Callable[[Market, int], float]
) -> tuple[int, float, float]:
    """The first bar from the middle on, of those with such a number, where another value changes the run."""
    name, _, part = column.partition(".")
    cells = getattr(before.market, name)
    ours = before.backtest()
    for row in range(len(before.market) // 3, len(before.market)):
        low = float(cells[(row, 0, PRICES.index(part)) if part else (row, 0)])
        if low and low == low:
            high = other(before.market, row)
            if differing_fields(ours, with_cell(before, column, row, high).backtest()):
                return row, low, high
    raise AssertionError(f"no bar's {column} matters in this scene")


def test_one_missing_bar_on_one_side_is_seen() -> None:
    before = scene()
    tradable = before.market.tradable.copy()
    row = int(np.flatnonzero(tradable[:, 0])[400])
    tradable[row, 0] = False
    holes = {name: getattr(before.market, name).copy() for name in (*PRICES, "volume")}
    for column in holes.values():
        column[row, 0] = np.nan
    assert_seen(before, replace(before, market=replace(before.market, tradable=tradable, **holes)))


def test_one_seam_on_one_side_is_seen() -> None:
    before = scene()
    bars = len(before.market)
    seam = np.array([[0, 500], [500, bars]], np.int64)
    open_time = before.market.open_time.copy()
    open_time[500:] += 10 * before.market.timeframe.ms
    gapped = replace(before.market, open_time=open_time)
    assert_seen(before, replace(before, market=replace(gapped, fragments=seam)))


def test_every_column_of_a_market_has_a_case_or_a_reason() -> None:
    others = {"instruments", "timeframe", "open_time", "fragments", "tradable"}  # open_time: `at` is compared
    columns = {column.partition(".")[0] for column in CELLS}
    assert columns | others == {f.name for f in fields(Market)}
