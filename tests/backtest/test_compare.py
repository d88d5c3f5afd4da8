"""The agent and its rivals: the same bars, the same costs."""

from __future__ import annotations

import numpy as np

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import hourly, wild_market
from tradewind.backtest.compare import SIMPLE, compare
from tradewind.market import Kind
from tradewind.policy.agent import agent_of_baseline


def test_all_rivals_decide_on_the_bars_of_the_agent() -> None:
    market = hourly(wild_market(1_200, 2, Kind.SPOT, seed=2, fragments=2))
    told: set[str] = set()
    comparison = compare(
        moody_agent(market, rules_for(Kind.SPOT)),
        market,
        capital=CAPITAL,
        on_stage=lambda name, done, total: told.add(name),
    )
    times = comparison.subject.result.close_time
    for result in comparison.results:
        assert np.array_equal(result.close_time, times), result.name
        assert result.equity[0] == CAPITAL
    names = [r.name for r in comparison.baselines]
    assert len(names) == len(set(names)) == 2 * len(SIMPLE) - 1 + 1  # cash has no second column; one random
    assert told == {r.name for r in comparison.results}
    free = {r.name for r in comparison.baselines if not r.risk_rules}
    assert free == {n.replace("_", " ") for n in SIMPLE} | {"random, same turnover"}


def test_a_baseline_is_no_rival_of_itself() -> None:
    """Cash stands once; another baseline once more, free of risk rules."""
    market = hourly(wild_market(600, 2, Kind.SPOT, seed=2))
    for name, free in (("cash", 0), ("buy-and-hold", 1)):
        agent = agent_of_baseline(name, [Kind.SPOT] * 2, market.timeframe, rules_for(Kind.SPOT))
        rivals = [r for r in compare(agent, market).baselines if r.name.startswith(name.replace("-", " "))]
        assert [r.risk_rules for r in rivals] == [False] * free


def test_an_agent_that_never_trades_has_no_random_rival() -> None:
    market = hourly(wild_market(600, 2, Kind.SPOT, seed=2))
    cash = agent_of_baseline("cash", [Kind.SPOT] * 2, market.timeframe, rules_for(Kind.SPOT))
    comparison = compare(cash, market, names=["buy_and_hold"])
    assert not any("random" in r.name for r in comparison.baselines)
