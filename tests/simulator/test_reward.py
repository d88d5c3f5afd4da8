"""Named rewards, each against its formula."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulator.markets import FREE
from tradewind.account import open_account
from tradewind.market import Kind
from tradewind.simulator import Reward, Rules
from tradewind.simulator.reward import reward_of


def paid(rules: Rules, before: float, after: float, benchmark: float = 0.0, **account: float) -> float:
    """The reward of one bar that led from one equity to another."""
    accounts, _ = open_account(1000.0, 1)
    accounts[0]["previous_equity"], accounts[0]["equity"] = before, after
    for name, value in account.items():
        accounts[0][name] = value
    return float(reward_of(accounts[0], rules.record(1, Kind.SPOT)[0], benchmark))


@pytest.mark.parametrize("kind", list(Reward))
@pytest.mark.parametrize("before", [0.0, -5.0])
def test_an_account_that_had_nothing_left_earns_nothing(kind: Reward, before: float) -> None:
    assert paid(replace(FREE, reward=kind), before, before - 1.0) == 0.0
