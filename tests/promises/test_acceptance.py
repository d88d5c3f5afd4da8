"""What the systems before this one got wrong, each as a test; see also the tests named by module."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import Moody, hourly, wild_market
from tradewind.backtest.compare import compare
from tradewind.backtest.figures import Figures
from tradewind.backtest.result import BacktestResult
from tradewind.backtest.run import Run, backtest
from tradewind.backtest.summary import summary
from tradewind.features import FeaturePlan, FeatureSpec, Scaler, compute, preset, presets
from tradewind.market import FeeAsset, Kind, Market, Observation
from tradewind.policy.agent import Agent, agent_of_baseline
from tradewind.policy.scripted import Scripted
from tradewind.risk import RiskLimits
from tradewind.simulator import Reward, Rules
from tradewind.training.environment import TradingEnv

FREE = Rules(risk=RiskLimits.none())


def figures(result: BacktestResult) -> Figures:
    return summary(result, rng=np.random.default_rng(0), draws=50)


def scripted(market: Market, targets: dict[int, list[float]], rules: Rules = FREE) -> Run:
    """Follow targets by row; hold on every other."""
    rows = sorted(targets)
    agent = Scripted(market.close_time[rows], np.array([targets[r] for r in rows])).agent("script", rules)
    return backtest(agent, agent.tape(market), capital=CAPITAL)


@pytest.mark.parametrize("kind", list(Kind))
def test_sharpe_of_buy_and_hold_is_the_same_as_an_agent_and_as_a_benchmark(kind: Kind) -> None:
    market = hourly(wild_market(2_000, 3, kind, seed=12, fragments=2))
    agent = agent_of_baseline("buy_and_hold", [kind] * 3, market.timeframe, rules_for(kind).for_baselines())
    comparison = compare(agent, market, capital=CAPITAL, names=["buy_and_hold"])
    benchmark = comparison.baselines[0]
    assert not benchmark.risk_rules
    ours, theirs = figures(comparison.subject.result), figures(benchmark)
    assert ours.sharpe is not None
    assert theirs.sharpe is not None
    assert ours.sharpe == pytest.approx(theirs.sharpe, abs=1e-12)
    assert comparison.subject.result.equity.tobytes() == benchmark.equity.tobytes()


@pytest.mark.parametrize("seed", range(8))
def test_annual_and_cumulative_return_of_buy_and_hold_have_one_sign(seed: int) -> None:
    market = hourly(wild_market(1_200, 1, Kind.SPOT, seed=seed))
    agent = agent_of_baseline("buy_and_hold", [Kind.SPOT], market.timeframe, FREE)
    found = figures(backtest(agent, agent.tape(market), capital=CAPITAL).result)
    assert found.cagr is not None
    assert found.net_return != 0
    assert np.sign(found.cagr) == np.sign(found.net_return)


def still_market(width: int = 2, kind: Kind = Kind.SPOT) -> Market:
    """Nothing moves, nothing is due."""
    market = wild_market(300, width, kind, seed=1)
    prices = dict.fromkeys(("open", "high", "low", "close"), np.full((300, width), 100.0))
    return replace(
        market,
        **prices,
        volume=np.full((300, width), 1e6),
        tradable=np.ones((300, width), bool),
        funding_rate=None,
    )


@pytest.mark.parametrize("reward", [r for r in Reward if r is not Reward.DRAWDOWN_PENALTY])
@pytest.mark.parametrize("kind", list(Kind))
def test_doing_nothing_on_flat_prices_earns_exactly_0(kind: Kind, reward: Reward) -> None:
    market = still_market(kind=kind)
    run = scripted(market, {50: [np.nan, np.nan], 100: [0.0, 0.0]}, replace(FREE, reward=reward))
    assert not run.decisions.reward.any()
    assert (run.decisions.equity == CAPITAL).all()
    environment = TradingEnv(_agent(market).tape(market), replace(rules_for(kind), reward=reward))
    environment.reset(seed=1)
    still = _flat_action(environment)
    assert [environment.step(still)[1] for _ in range(20)] == [0.0] * 20


def _flat_action(environment: TradingEnv) -> NDArray[np.float32]:
    """The action whose target weight is 0."""
    scale, offset = np.array(environment.action_map.scale), np.array(environment.action_map.offset)
    return np.asarray(-offset / scale, np.float32)


def _agent(market: Market) -> Agent:
    return moody_agent(market, rules_for(market.instruments[0].kind), FeaturePlan.of("log_return"))


@pytest.mark.parametrize("fee_asset", list(FeeAsset))
def test_a_full_exit_is_in_win_rate_and_in_profit_net_of_fees(fee_asset: FeeAsset) -> None:
    """Bought at 100 and sold at 101, twice; once the other way round."""
    rows = np.arange(300)
    close = np.where((rows % 100 >= 20) & (rows % 100 < 60), 101.0, 100.0)[:, None]
    close[200:] = 201.0 - close[200:]
    opened = np.vstack([close[:1], close[:-1]])
    still = still_market(1)
    market = replace(
        still,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        instruments=(replace(still.instruments[0], fee_asset=fee_asset),),
    )
    market = hourly(market)
    run = scripted(market, {10: [0.5], 40: [0.0], 110: [0.5], 140: [0.0], 210: [0.5], 240: [0.0]})
    found = figures(run.result)
    one = found.instruments[0]
    assert (found.trades, found.open_trades) == (3, 0)
    assert found.win_rate == one.win_rate == pytest.approx(2 / 3)
    assert found.fees > 0
    assert one.profit == pytest.approx(found.net_profit, abs=0.1 if fee_asset is FeeAsset.BASE else 1e-9)
    assert found.net_profit == pytest.approx(run.result.equity[-1] - CAPITAL, abs=1e-9)


@pytest.mark.parametrize("name", ["cash", "never"])
def test_a_policy_that_never_trades_is_called_inactive(name: str) -> None:
    market = hourly(wild_market(900, 2, Kind.SPOT, seed=3))
    if name == "cash":
        agent = agent_of_baseline("cash", [Kind.SPOT] * 2, market.timeframe, FREE)
        result = backtest(agent, agent.tape(market), capital=CAPITAL).result
    else:
        result = scripted(market, {50: [0.0, np.nan]}).result
    found = figures(result)
    assert found.inactive
    assert found.sharpe is None
    assert found.undefined["sharpe"] == "inactive: it never traded"


class Watching(Moody):
    """Keeps a copy of everything that it was shown."""

    seen: list[tuple[Any, ...]]

    def decide(self, observation: Observation) -> NDArray[np.float64]:
        o = observation
        kept = (o.vector, o.features, o.close, o.weights, o.tradable)
        self.seen.append((o.at, o.equity, o.cash_fraction, *(a.tobytes() for a in kept)))
        return super().decide(observation)

    def reset(self) -> None:
        super().reset()
        self.seen = []


HIGHER_AND_RANKED = FeaturePlan.of(
    FeatureSpec("rsi_centered", timeframe="1h"), FeatureSpec("momentum", {"bars": 24}, rank=True), "z_score"
)


@pytest.mark.parametrize("plan", [*map(preset, presets()), HIGHER_AND_RANKED], ids=[*presets(), "mixed"])
def test_nothing_seen_at_t_changes_when_rows_after_t_are_altered(plan: FeaturePlan) -> None:
    """The whole way: features, scaler, tape, account, observation. The scaler has learnt before t."""
    cut = 900
    market = wild_market(1_200, 2, Kind.PERPETUAL, seed=14)
    scaler = Scaler.fit(compute(market.rows(0, 600), plan).values)
    shown = []
    for whole in (market, _altered_from(market, cut)):
        policy = Watching(2, 8.0)
        agent = Agent("watching", policy, plan, rules_for(Kind.PERPETUAL), scaler)
        tape = agent.tape(whole)
        run = backtest(agent, tape, capital=CAPITAL, rearm_at=market.close_time[300::200].tolist())
        last = int(market.close_time[cut - 1])
        early = [s for s in policy.seen if s[0] <= last]
        rows = [
            getattr(tape, n)[:cut].tobytes() for n in ("bars", "rows", "clock", "features", "raw_features")
        ]
        decided = run.decisions.at <= last
        made = [
            getattr(run.decisions, n)[decided].tobytes() for n in ("approved", "orders", "equity", "reward")
        ]
        shown.append((early, rows, made, policy.seen[-1]))
    assert len(shown[0][0]) > 100
    assert shown[0][:3] == shown[1][:3]
    assert shown[0][3] != shown[1][3]


def _altered_from(market: Market, row: int) -> Market:
    """Other prices, volumes, holes and funding from `row` on."""
    rng = np.random.default_rng(99)
    factor = np.exp(rng.standard_normal((len(market) - row, 2)) * 0.01)
    changed: dict[str, Any] = {}
    for name in ("open", "high", "low", "close", "volume", "funding_rate"):
        changed[name] = getattr(market, name).copy()
        changed[name][row:] *= factor
    changed["tradable"] = market.tradable.copy()
    changed["tradable"][row + 5, 0] = False
    for name in ("open", "high", "low", "close", "volume"):
        changed[name][row + 5, 0] = np.nan
    return replace(market, **changed)


@pytest.mark.parametrize("kind", list(Kind))
def test_reset_twice_gives_the_same_first_reward(kind: Kind) -> None:
    market = wild_market(1_000, 2, kind, seed=5)
    agent = moody_agent(market, rules_for(kind))
    environment = TradingEnv(agent.tape(market), agent.rules, episode_bars=100)
    action = np.array([0.7, -0.4], np.float32)
    first = []
    for play in (3, 40, 1):  # what was lived before must not matter
        seen, _ = environment.reset(seed=7)
        observed, reward, *_ = environment.step(action)
        second = environment.step(action)[1]
        first.append((seen.tobytes(), observed.tobytes(), reward, second))
        for _ in range(play):
            if any(environment.step(-action)[2:4]):
                break
    assert first[0] == first[1] == first[2]
    assert first[0][2] != 0.0
