"""Agents that mind every rule, and the engine on recorded bars with a paper venue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.promises.worldlets import Moody
from tradewind.data.replaying import Replay
from tradewind.features import FeaturePlan, Scaler, compute, preset
from tradewind.market import Command, CommandKind, Decision, Kind, Market, Snapshot
from tradewind.policy.agent import Agent
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Rules
from tradewind.trading.engine.engine import Engine
from tradewind.venues import PaperVenue

CAPITAL = 10_000.0
EVERYTHING = RiskLimits(
    max_weight=1.5,
    max_order_notional=6_000.0,
    stop_loss=0.06,
    trailing_stop=0.08,
    cooldown_bars=2,
    daily_loss=0.15,
    max_drawdown=0.25,
    streak_losses=6,
)
ONLY_LIQUIDATION = RiskLimits(stop_loss=None, max_weight=8.0, max_drawdown=None, daily_loss=None)

Watch = Callable[[Engine, PaperVenue, Decision | None], None]


def rules_for(kind: Kind, risk: RiskLimits = EVERYTHING, **changes: Any) -> Rules:
    leverage = 8.0 if kind is Kind.PERPETUAL else 1.0
    values: dict[str, Any] = {"lookback": 3, "clock": True, "costs": Costs(participation_cap=0.3)}
    return Rules(risk=risk, leverage=leverage, **values | changes)


def moody_agent(market: Market, rules: Rules, plan: str | FeaturePlan = "default") -> Agent:
    """It depends on every input; its scaler is fitted on the whole market."""
    plan = preset(plan) if isinstance(plan, str) else plan
    scaler = Scaler.fit(compute(market, plan).values)
    reach = rules.leverage if market.instruments[0].kind is Kind.PERPETUAL else 1.0
    return Agent("moody", Moody(len(market.instruments), reach), plan, rules, scaler)


def live(
    agent: Agent,
    market: Market,
    rearm_at: Sequence[int] = (),
    venue_rules: Rules | None = None,
    run: str = "paper",
    watch: Watch | None = None,
) -> tuple[Engine, list[Decision]]:
    """The engine on recorded bars with a paper venue, as `run paper --replay` does it."""
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run=run)
    venue = PaperVenue(market.instruments, venue_rules or agent.rules, CAPITAL)
    decisions = []
    for item in Replay(market):
        for event in venue.trade(item):
            engine.process(event)
        if isinstance(item, Snapshot) and item.close_time in rearm_at:
            engine.process(Command(CommandKind.REARM, item.close_time))
        decision = engine.process(item)
        if watch is not None:
            watch(engine, venue, decision)
        if decision is not None:
            decisions.append(decision)
            venue.take(decision.orders)
    return engine, decisions
