"""Backtest and live engine agree bit for bit: the same decisions, the same equity, the same rewards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import A2C

from tests.promises.agents import CAPITAL, ONLY_LIQUIDATION, live, moody_agent, rules_for
from tests.promises.differing import differing_fields
from tests.promises.worldlets import wild_market
from tradewind.backtest.run import backtest
from tradewind.features import FeaturePlan, FeatureSpec, preset, presets
from tradewind.market import FeeAsset, FillReason, Kind, Market, Observation, Reason
from tradewind.policy import Bundle
from tradewind.policy.agent import Agent, agent_of_baseline, agent_of_bundle
from tradewind.policy.importers import import_model
from tradewind.policy.protocol import Policy
from tradewind.risk import RiskLimits
from tradewind.trading.session.parity import as_arrays
from tradewind.training.recipe import Recipe
from tradewind.training.settings import TrainingSettings


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
    market = wild_market(2_000, width, kind, seed=7 + width, fee_asset=fee_asset, fragments=3)
    agent = moody_agent(market, rules_for(kind), plan_name)
    assert_parity(agent, market, rearms(market))


@pytest.mark.parametrize("name", ["buy_and_hold", "equal_weight", "moving_average_cross", "random"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_baseline_agrees_under_the_agents_risk_rules(name: str, kind: Kind) -> None:
    market = wild_market(1_800, 3, kind, seed=3, fragments=2)
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


class Stumbling:
    """Another policy, but for answers that are no number: single ones, then three in a row."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self._asked = policy, 0

    def decide(self, observation: Observation) -> Any:
        self._asked += 1
        wanted = self._policy.decide(observation)
        if self._asked % 50 == 0 or 300 <= self._asked < 303:
            wanted[-1] = -np.inf
        return wanted

    def reset(self) -> None:
        self._asked = 0
        self._policy.reset()


@pytest.mark.fault("D4")
def test_answers_that_are_no_number_hold_and_the_third_in_a_row_latches_the_kill_switch() -> None:
    market = wild_market(2_000, 2, Kind.PERPETUAL, seed=5)
    sound = moody_agent(market, rules_for(Kind.PERPETUAL, RiskLimits(max_drawdown=None, stop_loss=None)))
    agent = replace(sound, policy=Stumbling(sound.policy))
    decided = assert_parity(agent, market, rearms(market)).decisions
    refused = ((decided.reasons & int(Reason.NO_NUMBER)) != 0).all(axis=1)
    assert refused.sum() == len(decided) // 50 + 2  # one of the three would have been refused anyway
    assert np.isnan(decided.wanted[refused]).all()
    latched = ((decided.reasons & int(Reason.KILL_SWITCH)) != 0).all(axis=1)
    assert np.flatnonzero(latched)[0] == 301
    assert not decided.orders[np.flatnonzero(refused)[:5]].any()
    assert decided.orders[301:303].any()  # everything is closed


def test_liquidations_agree() -> None:
    market = wild_market(6_000, 2, Kind.PERPETUAL, seed=3)
    run = assert_parity(
        moody_agent(market, rules_for(Kind.PERPETUAL, ONLY_LIQUIDATION)), market, rearms(market)
    )
    assert (run.result.fills["reason"] == FillReason.LIQUIDATION).sum() >= 3


@pytest.mark.parametrize(
    ("kind", "fee_asset"),
    [
        (Kind.SPOT, FeeAsset.QUOTE),
        (Kind.SPOT, FeeAsset.OTHER),
        (Kind.PERPETUAL, FeeAsset.QUOTE),
    ],
)
def test_fees_in_any_asset_agree(kind: Kind, fee_asset: FeeAsset) -> None:
    """Fees in base on spot and in a third coin on perpetuals are with the presets above."""
    market = wild_market(1_200, 2, kind, seed=9, fee_asset=fee_asset)
    run = assert_parity(moody_agent(market, rules_for(kind)), market, rearms(market))
    assert run.result.fills["fee"].sum() > 0


def test_mark_prices_of_their_own_agree() -> None:
    """Funding, equity and liquidation follow the mark; fills and stops the traded price."""
    market = wild_market(2_500, 2, Kind.PERPETUAL, seed=3)
    rng = np.random.default_rng(1)
    traded = np.stack([market.open, market.high, market.low, market.close], axis=2)
    mark = traded * np.exp(rng.standard_normal((len(market), 2, 1)) * 0.003)
    mark[rng.random(len(market)) < 0.05] = np.nan  # not known: the traded price stands in
    marked = replace(market, mark=mark)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL, ONLY_LIQUIDATION))
    run = assert_parity(agent, marked, rearms(market))
    assert (run.result.fills["reason"] == FillReason.LIQUIDATION).any()
    unmarked = backtest(agent, agent.tape(market), capital=CAPITAL, rearm_at=rearms(market))
    assert "equity" in differing_fields(unmarked.decisions, run.decisions)


def test_funding_that_is_not_known_is_nothing_due() -> None:
    market = wild_market(1_000, 2, Kind.PERPETUAL, seed=3)
    assert market.funding_rate is not None
    rates = market.funding_rate.copy()
    rates[100::7] = np.nan
    market = replace(market, funding_rate=rates)
    assert_parity(moody_agent(market, rules_for(Kind.PERPETUAL)), market, rearms(market))


MIXED = FeaturePlan.of(
    "log_return",
    "z_score",
    FeatureSpec("rsi_centered", timeframe="15m"),
    FeatureSpec("momentum", {"bars": 6}, timeframe="1h"),
    FeatureSpec("momentum", {"bars": 24}, rank=True),
    FeatureSpec("volume_ratio", rank=True, timeframe="15m"),
)


@pytest.mark.parametrize("kind", list(Kind))
def test_higher_timeframes_and_ranks_agree(kind: Kind) -> None:
    market = wild_market(1_500, 3, kind, seed=8, fragments=2)
    assert_parity(moody_agent(market, rules_for(kind), MIXED), market, rearms(market))


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_trained_policy_agrees(kind: Kind, width: int, tmp_path: Path) -> None:
    """From candles to PPO to a bundle on disk and back, then both ways over bars that it has not seen."""
    market = wild_market(3_000, width, kind, seed=20 + width)
    settings = TrainingSettings(steps=6_144, environments=32, net=(16, 16), episode_bars=200)
    recipe = Recipe(MIXED if width > 1 else preset("default"), rules_for(kind), settings)
    bundle, _ = recipe.train(market.rows(0, 1_800), [1])[0]
    bundle.save(tmp_path / "model")
    agent = agent_of_bundle(Bundle.load(tmp_path / "model"), "trained")
    unseen = market.rows(1_800, 3_000)
    run = assert_parity(agent, unseen, rearms(unseen))
    assert not np.isnan(run.decisions.wanted[5:]).all()
    assert len(run.result.fills) > 20
    assert agent.model_hash == bundle.sha256


def test_an_imported_finrl7_actor_agrees(tmp_path: Path) -> None:
    """Cash, coins and raw features of two bars in; numbers of coins out."""
    market = wild_market(1_500, 2, Kind.SPOT, seed=31)
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(31, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    torch.save({f"net.{name}": tensor for name, tensor in net.state_dict().items()}, tmp_path / "a.pth")
    spec = {
        "adapter": "finrl7",
        "venue": "paper",
        "symbols": list(market.symbols),
        "timeframe": "5m",
        "kind": "spot",
        "parameters": {"first_prices": [100.0, 100.0], "lookback": 2},
    }
    run = assert_parity(imported(tmp_path / "a.pth", spec), market, rearms(market))
    assert len(run.result.fills) > 20


@pytest.mark.parametrize("kind", list(Kind))
def test_an_imported_eth15_model_agrees(kind: Kind, tmp_path: Path) -> None:
    """It remembers its last move: the state of its adapter is the same in both."""
    market = wild_market(1_500, 1, kind, seed=32)
    space = gymnasium.spaces.Box(-1, 1, (15,), np.float32), gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    model = A2C("MlpPolicy", Idle(*space), seed=1, device="cpu", policy_kwargs={"log_std_init": 0.0})
    with torch.no_grad():
        model.policy.action_net.weight *= 30  # an untrained net answers almost nothing
        model.policy.action_net.bias += 0.4
    model.save(tmp_path / "a.zip")
    spec = {
        "adapter": "eth15",
        "venue": "paper",
        "symbols": list(market.symbols),
        "timeframe": "5m",
        "kind": kind.value,
        "parameters": {"minmax": ETH_RANGES},
    }
    run = assert_parity(imported(tmp_path / "a.zip", spec), market, rearms(market))
    assert len(run.result.fills) > 20


ETH_RANGES = {
    **{name: [-2.0, 2.0] for name in ("macd", "macd_signal", "macd_histogram")},
    **{name: [50.0, 200.0] for name in ("bb_middle", "bb_upper", "bb_lower")},
    "rsi": [0.2, 0.8],
    "obv": [-80_000.0, 80_000.0],
}


class Idle(gymnasium.Env):  # type: ignore[misc]
    """The spaces of an environment; nobody steps it."""

    def __init__(self, observation_space: Any, action_space: Any) -> None:
        self.observation_space, self.action_space = observation_space, action_space


def imported(model: Path, spec: dict[str, Any]) -> Agent:
    path = model.with_suffix(".json")
    path.write_text(json.dumps(spec))
    return agent_of_bundle(import_model(model, path), "imported")
