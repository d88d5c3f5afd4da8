"""An agent beside what it must beat: all on the same bars, through the same simulator and costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tradewind.backtest.result import BacktestResult
from tradewind.backtest.run import Run, Spans, backtest, spans_of
from tradewind.market import DataError, Kind, Market
from tradewind.policy import BundleSpec, NetworkPolicy, matched_random, untrained_net
from tradewind.policy.agent import Agent, agent_of_baseline, agent_of_policy
from tradewind.simulator import Tape

SIMPLE = ("buy_and_hold", "equal_weight", "moving_average_cross", "time_series_momentum", "cash")
RULED_BY_NOTHING = ("cash",)  # risk rules have nothing to cut
RANDOM_SEED, UNTRAINED_SEED = 1, 1

OnStage = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The agent's run first; then the baselines free of risk rules, then under the agent's own."""

    subject: Run
    baselines: tuple[BacktestResult, ...]

    @property
    def results(self) -> tuple[BacktestResult, ...]:
        return (self.subject.result, *self.baselines)


def compare(
    agent: Agent,
    market: Market,
    *,
    start_ms: int | None = None,
    capital: float = 10_000.0,
    spec: BundleSpec | None = None,
    names: Sequence[str] = SIMPLE,
    others: Sequence[Agent] = (),
    notes: Sequence[str] = (),
    on_stage: OnStage | None = None,
) -> Comparison:
    """Backtest the agent and its baselines on the bars that all of them can decide on.

    With the `spec` of its bundle the untrained net is among them; a random policy with the agent's turnover
    always is, unless the agent never traded. `others` are further agents, each under rules of its own.
    `on_stage` is told the name, and how many bars of how many are done.
    """
    rivals = [*((other, True) for other in others), *_rivals(agent, market, names, spec)]
    tapes = {one.name: one.tape(market) for one, _ in rivals}
    tape = agent.tape(market)
    spans = _common([spans_of(t, start_ms) for t in (tape, *tapes.values())])
    subject = _run(agent, tape, spans, capital, True, notes, on_stage)
    results = [
        _run(one, tapes[one.name], spans, capital, with_risk, (), on_stage).result
        for one, with_risk in rivals
    ]
    results += _random(agent, market, spans, capital, subject.result, on_stage)
    return Comparison(subject, tuple(results))


def _run(
    agent: Agent,
    tape: Tape,
    spans: Spans,
    capital: float,
    risk_rules: bool,
    notes: Sequence[str],
    on_stage: OnStage | None,
) -> Run:
    def show(done: int, total: int) -> None:
        if on_stage is not None:
            on_stage(agent.name, done, total)

    return backtest(
        agent, tape, spans=spans, capital=capital, risk_rules=risk_rules, notes=notes, on_progress=show
    )


def _rivals(
    agent: Agent, market: Market, names: Sequence[str], spec: BundleSpec | None
) -> list[tuple[Agent, bool]]:
    """(agent, under risk rules?) of every baseline, but for one that is the agent itself; a name tells which."""
    kinds = [i.kind for i in market.instruments]
    rivals = []
    if len(kinds) == 1:  # of one instrument, equal weight is buy and hold
        names = [name for name in names if name != "equal_weight"]
    for name in names:
        free = agent_of_baseline(name, kinds, market.timeframe, agent.rules.for_baselines())
        if not (name in RULED_BY_NOTHING and free.model_hash == agent.model_hash):
            rivals.append((replace(free, name=_title(name)), False))
    for name in names:
        bound = agent_of_baseline(name, kinds, market.timeframe, agent.rules)
        if name not in RULED_BY_NOTHING and bound.model_hash != agent.model_hash:
            rivals.append((replace(bound, name=f"{_title(name)}, agent's risk rules"), True))
    if spec is not None:
        policy: NetworkPolicy = untrained_net(spec, UNTRAINED_SEED)
        rivals.append((replace(agent, name="untrained net", policy=policy, model_hash=""), True))
    return rivals


def _random(
    agent: Agent,
    market: Market,
    spans: Spans,
    capital: float,
    subject: BacktestResult,
    on_stage: OnStage | None,
) -> list[BacktestResult]:
    """A coin that trades as much as the agent did; none for an agent that never traded."""
    if not len(subject.fills):
        return []
    turnover = float(np.sum(subject.fill_notional / subject.equity_before) / len(subject))
    kinds: list[Kind] = [i.kind for i in market.instruments]
    gross = max(1.0, turnover * 2)
    policy = matched_random(turnover, RANDOM_SEED, kinds, gross)
    rival = agent_of_policy("random, same turnover", policy, agent.rules.for_baselines())
    return [_run(rival, rival.tape(market), spans, capital, False, (), on_stage).result]


def _common(all_spans: Sequence[Spans]) -> Spans:
    """The rows of each fragment on which every agent can decide."""
    by_end: dict[int, list[int]] = {}
    for spans in all_spans:
        for start, stop in spans:
            by_end.setdefault(stop, []).append(start)
    common = [(max(starts), stop) for stop, starts in sorted(by_end.items()) if len(starts) == len(all_spans)]
    if not common:
        raise DataError("no bar is left on which agent and baselines can all decide: give more history")
    return common


def _title(name: str) -> str:
    return name.replace("_", " ")
