"""Parity over real candles whose opens are perturbed: in records open[t+1] is close[t], which hides errors of time."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, live, moody_agent
from tests.promises.differing import differing_fields
from tradewind.backtest.run import Run, backtest
from tradewind.data.aligning import align
from tradewind.data.importing import import_file
from tradewind.features import preset
from tradewind.market import FillReason, Kind, Market, Reason
from tradewind.policy import Bundle
from tradewind.policy.agent import Agent, agent_of_baseline, agent_of_bundle
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules
from tradewind.trading.session.parity import as_arrays
from tradewind.training.recipe import Recipe
from tradewind.training.settings import TrainingSettings

ROWS = 3_000
FOLDERS = {Kind.SPOT: "binance_spot_1h", Kind.PERPETUAL: "perp_5m"}
# One that starts an hour or a bar after the others: its first bar is a mask.
NAMES = {Kind.SPOT: ("BTC", "ETH", "SOL"), Kind.PERPETUAL: ("BTC", "ETH", "XRP")}
TIGHT = RiskLimits(
    max_weight=1.0,
    max_order_notional=4_000.0,
    stop_loss=0.015,
    trailing_stop=0.02,
    cooldown_bars=2,
    daily_loss=0.01,
    max_drawdown=0.02,
    streak_losses=5,
)
# Of markets so deep, or every order would fill whole.
THIN = {Kind.SPOT: Costs(participation_cap=2e-5), Kind.PERPETUAL: Costs(participation_cap=1e-4)}


@lru_cache(maxsize=4)
def perturbed(folder: Path, kind: Kind, width: int) -> Market:
    """The first bars of recorded candles, each opened a little off the close before."""
    files = [folder / FOLDERS[kind] / f"{name}USDT.parquet" for name in NAMES[kind][:width]]
    whole = align([import_file(file, kind=kind).series for file in files]).rows(0, 2 * ROWS)
    rng = np.random.default_rng(0)
    opened = whole.open * np.exp(rng.standard_normal(whole.open.shape) * 0.001)
    high, low = np.fmax(whole.high, opened), np.fmin(whole.low, opened)
    columns = {"open": opened, "high": high, "low": low}
    columns |= {name: getattr(whole, name).copy() for name in ("close", "volume", "tradable")}
    if width == 3:  # no feature is ready before the late one's first bar: masks to decide on come later
        for name, column in columns.items():
            column[1_000:ROWS:400, 2] = False if name == "tradable" else np.nan
    return replace(whole, **columns)


def rules_of(kind: Kind) -> Rules:
    leverage = 8.0 if kind is Kind.PERPETUAL else 1.0
    risk = TIGHT if kind is Kind.SPOT else replace(TIGHT, max_drawdown=0.012)  # ten days are less than months
    return Rules(risk=risk, costs=THIN[kind], leverage=leverage, lookback=3, clock=True)


def baseline_agent(market: Market, rules: Rules, folder: Path) -> Agent:
    kinds = [i.kind for i in market.instruments]
    return agent_of_baseline("moving_average_cross", kinds, market.timeframe, rules)


def moody(market: Market, rules: Rules, folder: Path) -> Agent:
    return moody_agent(market.rows(0, ROWS), rules)


def trained_agent(market: Market, rules: Rules, folder: Path) -> Agent:
    """A PPO bundle from other rows than those it trades, through the disk."""
    settings = TrainingSettings(steps=4_096, environments=32, net=(16, 16), episode_bars=200)
    learner = replace(rules, costs=Costs(), risk=replace(TIGHT, max_drawdown=0.5))
    bundle, _ = Recipe(preset("default"), learner, settings).train(market.rows(ROWS, 2 * ROWS), [1])[0]
    bundle.save(folder / "model")
    return agent_of_bundle(Bundle.load(folder / "model"), "trained").under(rules)


def agreeing_run(agent: Agent, market: Market) -> Run:
    rearms = tuple(int(t) for t in market.close_time[200::150])
    run = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms)
    engine, decisions = live(agent, market, rearms)
    assert len(run.decisions) > 0.9 * len(market)
    assert differing_fields(as_arrays(decisions, market.symbols), run.decisions) == []
    assert engine.equity == pytest.approx(run.result.equity[-1], rel=1e-9)
    return run


def rearmed(run: Run) -> bool:
    """Did the kill switch hold at one decision and no longer at the next? Only a re-arm does that."""
    halted = (run.decisions.reasons[:, 0] & int(Reason.KILL_SWITCH)) != 0
    return bool((halted[:-1] & ~halted[1:]).any())


def partly_filled(run: Run) -> bool:
    """Was an order filled at the next open, but not whole?"""
    fills = run.result.fills[run.result.fills["reason"] == FillReason.ORDER]
    ordered = np.abs(run.decisions.orders[fills["row"] - 1, fills["instrument"]])
    return bool((np.abs(fills["lots"]) < ordered).any())


@pytest.mark.parametrize("make", [baseline_agent, moody, trained_agent])
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("kind", list(Kind))
def test_real_candles_agree_and_the_risk_rules_act(
    kind: Kind, width: int, make: Any, real_data: Path, tmp_path: Path
) -> None:
    market = perturbed(real_data, kind, width)
    agent = make(market, rules_of(kind), tmp_path)
    run = agreeing_run(agent, market.rows(0, ROWS))
    assert len(run.result.fills) > 20
    assert {FillReason.STOP, FillReason.TRAILING_STOP} & set(run.result.fills["reason"].tolist())
    if make is moody:
        assert partly_filled(run)
        assert rearmed(run)
        assert {"KILL_SWITCH", "COOLDOWN", "DAILY_LOSS"} <= set(run.result.cuts)
    if width == 3:
        assert not market.tradable[0, 2]
        assert market.tradable[0, :2].all()
        assert run.result.masked >= 5


@pytest.mark.parametrize("width", [1, 3])
def test_liquidations_on_real_candles_agree(width: int, real_data: Path) -> None:
    market = perturbed(real_data, Kind.PERPETUAL, width)
    risk = RiskLimits(max_weight=40.0, stop_loss=None, daily_loss=None, max_drawdown=None)
    rules = Rules(risk=risk, leverage=50.0, costs=Costs(participation_cap=1e-3))
    run = agreeing_run(moody(market, rules, real_data), market.rows(0, ROWS))
    assert (run.result.fills["reason"] == FillReason.LIQUIDATION).any()
