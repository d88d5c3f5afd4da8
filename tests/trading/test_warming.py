"""Nothing is left to compile when the first live bar comes, and the policy is as fresh as before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.agents import moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.market import Kind
from tradewind.policy.agent import agent_of_baseline
from tradewind.simulator import Rules
from tradewind.trading.session.warming import warm

COUNT = """
import sys
from tests.promises.agents import moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.market import Kind, Snapshot
from tradewind.data.replaying import Replay
from tradewind.trading.engine.engine import Engine
from tradewind.trading.session.warming import warm
import numba.core.dispatcher as dispatcher

market = wild_market(150, 2, Kind.PERPETUAL, seed=1)
agent = moody_agent(market, rules_for(Kind.PERPETUAL))
assert warm(agent, market.instruments, market.timeframe, 150) > 0
late = []
compile_one = dispatcher.Dispatcher.compile
def compile_and_tell(self, signature):
    late.append(self.py_func.__name__)
    return compile_one(self, signature)
dispatcher.Dispatcher.compile = compile_and_tell
engine = Engine(agent, market.instruments, market.timeframe, 10_000.0)
for item in Replay(market):
    if isinstance(item, Snapshot):
        engine.process(item)
print(late)
"""


@pytest.mark.parametrize("kind", Kind)
def test_decisions_are_made_on_made_up_bars(kind: Kind) -> None:
    market = wild_market(150, 2, kind, seed=1)
    agent = moody_agent(market, rules_for(kind))
    assert warm(agent, market.instruments, market.timeframe, 150) > 5


def test_a_policy_that_remembers_forgets_what_was_made_up() -> None:
    market = wild_market(150, 1, Kind.SPOT, seed=1)
    agent = agent_of_baseline("buy_and_hold", [Kind.SPOT], market.timeframe, Rules())
    assert warm(agent, market.instruments, market.timeframe, 10) > 0
    assert warm(agent, market.instruments, market.timeframe, 10) > 0
    assert not agent.policy.state().get("bought", [0.0])[0]  # type: ignore[attr-defined]


def test_after_it_a_bar_compiles_nothing() -> None:
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, env=environment, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
