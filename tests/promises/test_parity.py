"""Backtest and live engine agree bit for bit: the same decisions, the same equity, the same rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, ONLY_LIQUIDATION, live, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.backtest.run import backtest
from tradewind.data.aligning import align
from tradewind.data.importing import import_file
from tradewind.features import presets
from tradewind.market import FeeAsset, FillReason, Kind, Market
from tradewind.policy.agent import Agent, agent_of_baseline
from tradewind.trading.parity import as_arrays, differing_fields


def rearms(market: Market) -> tuple[int, ...]:
    return tuple(int(t) for t in market.close_time[200::150])


def assert_parity(agent: Agent, market: Market, rearm_at: Sequence[int] = ()) -> Any:
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearm_at)
    engine, decisions = live(agent, market, rearm_at)
    assert len(run.decisions) > 200
    assert differing_fields(as_arrays(decisions, market.symbols), run.decisions) == []
    assert engine.equity == pytest.approx(run.result.equity[-1], rel=1e-9)
    return run


@pytest.mark.parametrize("plan_name", presets())
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_preset_kind_and_width_agrees(plan_name: str, width: int, kind: Kind) -> None:
    fee_asset = FeeAsset.BASE if kind is Kind.SPOT else FeeAsset.OTHER
    market = wild_market(3_000, width, kind, seed=7 + width, fee_asset=fee_asset, fragments=3)
    agent = moody_agent(market, rules_for(kind), plan_name)
    assert_parity(agent, market, rearms(market))


@pytest.mark.parametrize("name", ["buy_and_hold", "equal_weight", "moving_average_cross", "random"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_baseline_agrees_under_the_agents_risk_rules(name: str, kind: Kind) -> None:
    market = wild_market(2_500, 3, kind, seed=3, fragments=2)
    agent = agent_of_baseline(name, [kind] * 3, market.timeframe, rules_for(kind))
    assert_parity(agent, market, rearms(market))


def test_stops_partial_fills_kill_switch_masks_and_rearms_happen_on_the_way() -> None:
    """The agreement above would mean little if nothing ever happened."""
    market = wild_market(6_000, 3, Kind.PERPETUAL, seed=3, fragments=2)
    run = assert_parity(moody_agent(market, rules_for(Kind.PERPETUAL)), market, rearms(market))
    reasons = set(run.result.fills["reason"].tolist())
    assert {FillReason.ORDER, FillReason.STOP, FillReason.TRAILING_STOP, FillReason.CLOSE_OUT} <= reasons
    assert {"KILL_SWITCH", "COOLDOWN", "DAILY_LOSS", "WEIGHT_CAP", "ORDER_CAP"} <= set(run.result.cuts)
    assert run.result.masked > 0
    assert run.result.funding != 0
    ordered = run.decisions.orders[:-1][np.diff(run.decisions.at) == market.timeframe.ms]
    filled = run.result.fills[run.result.fills["reason"] == FillReason.ORDER]
    assert np.abs(filled["lots"]).sum() < np.abs(ordered).sum()  # some were filled in part


def test_liquidations_agree() -> None:
    market = wild_market(6_000, 2, Kind.PERPETUAL, seed=3)
    run = assert_parity(
        moody_agent(market, rules_for(Kind.PERPETUAL, ONLY_LIQUIDATION)), market, rearms(market)
    )
    assert (run.result.fills["reason"] == FillReason.LIQUIDATION).sum() >= 3


def test_real_candles_with_perturbed_opens_agree(real_data: Path) -> None:
    """In recorded perpetuals open[t+1] equals close[t]; perturbing the opens shows errors of time."""
    series = [
        import_file(real_data / "perp_5m" / f"{name}USDT.parquet", kind=Kind.PERPETUAL).series
        for name in ("BTC", "SOL", "XRP")
    ]
    whole = align(series).rows(0, 9_000)
    rng = np.random.default_rng(0)
    opened = whole.open * np.exp(rng.standard_normal(whole.open.shape) * 0.001)
    market = replace(whole, open=opened, high=np.fmax(whole.high, opened), low=np.fmin(whole.low, opened))
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))
    assert_parity(agent, market, rearms(market))


def _flip(value: float, bit: int) -> float:
    """The same float with one bit of its mantissa flipped."""
    bits = np.array([value]).view(np.int64)
    bits ^= 1 << bit
    return float(bits.view(np.float64)[0])


@pytest.mark.parametrize("name", ["half_spread", "slippage", "impact"])
def test_one_bit_of_a_cost_changed_on_one_side_is_seen(name: str) -> None:
    """Bit 20 of 52: of the bits below, some vanish in the addition to 1."""
    market = wild_market(2_000, 2, Kind.PERPETUAL, seed=2)
    rules = rules_for(Kind.PERPETUAL)
    agent = moody_agent(market, rules)
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms(market))
    costs = replace(rules.costs, **{name: _flip(getattr(rules.costs, name), 20)})
    _, decisions = live(agent, market, rearms(market), venue_rules=replace(rules, costs=costs))
    assert "equity" in differing_fields(as_arrays(decisions, market.symbols), run.decisions)


def test_one_bit_of_the_fee_changed_on_one_side_is_seen() -> None:
    market = wild_market(2_000, 2, Kind.PERPETUAL, seed=2)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms(market))
    first, *others = market.instruments
    other = replace(market, instruments=(replace(first, taker_fee=_flip(first.taker_fee, 20)), *others))
    _, decisions = live(agent, other, rearms(market))
    assert "equity" in differing_fields(as_arrays(decisions, market.symbols), run.decisions)


@pytest.mark.parametrize(
    "change",
    [
        {"stop_loss": 0.06 + 2**-12},
        {"trailing_stop": 0.08 + 2**-12},
        {"cooldown_bars": 3},
        {"daily_loss": 0.15 + 2**-8},
        {"max_drawdown": 0.25 + 2**-8},
        {"max_weight": 1.5 + 2**-50},
        {"max_order_notional": 6_001.0},
        {"streak_losses": 7},
        {"streak_bars": 13},
    ],
    ids=lambda change: next(iter(change)),
)
def test_one_risk_rule_changed_on_one_side_is_seen(change: dict[str, Any]) -> None:
    market = wild_market(3_000, 2, Kind.PERPETUAL, seed=2)
    rules = rules_for(Kind.PERPETUAL)
    agent = moody_agent(market, rules)
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms(market))
    other = agent.under(replace(rules, risk=replace(rules.risk, **change)))
    _, decisions = live(other, market, rearms(market))
    assert differing_fields(as_arrays(decisions, market.symbols), run.decisions) != []


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume"])
def test_one_bar_shifted_on_one_side_is_seen(field: str) -> None:
    """An engine that took bar t+1 for bar t, in any one column, would be found out."""
    market = wild_market(2_000, 2, Kind.PERPETUAL, seed=2)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms(market))
    column = getattr(market, field).copy()
    fill = run.result.fills[len(run.result.fills) // 2]
    row = int(np.searchsorted(market.close_time, run.decisions.at[fill["row"]]))
    column[row] *= 1 + 2**-30
    shifted = replace(market, **{field: column})
    high = np.fmax.reduce([shifted.open, shifted.high, shifted.low, shifted.close])
    low = np.fmin.reduce([shifted.open, shifted.high, shifted.low, shifted.close])
    _, decisions = live(agent, replace(shifted, high=high, low=low), rearms(market))
    assert differing_fields(as_arrays(decisions, market.symbols), run.decisions) != []
