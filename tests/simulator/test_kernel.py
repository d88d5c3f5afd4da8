"""Steps, episodes, the ends of an episode, and the outcome of another action."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.simulator.markets import (
    FREE,
    fills_of,
    market_of,
    simulator_of,
    spot,
    trade,
    with_risk,
)
from tradewind.market import FillReason
from tradewind.market.errors import DataError
from tradewind.simulator import Reward


def test_the_kill_switch_in_training_charges_the_exit_in_the_same_step() -> None:
    """1,000 in one coin at 100, fee 1 %: down to 80, sold there for 800 less 8."""
    rules = with_risk(replace(FREE, terminate_on_kill=True), max_drawdown=0.15)
    market = market_of(spot(taker_fee=0.01), [100, 100, 80, 200])
    simulator = trade(market, 0.5, math.nan, rules=rules)
    account = simulator.accounts[0]
    assert account["terminated"] == 0
    rules = with_risk(rules, max_drawdown=0.05)
    simulator = trade(market, 0.5, math.nan, rules=rules)
    account = simulator.accounts[0]
    assert account["terminated"] == 1
    assert simulator.positions[0, 0]["lots"] == 0
    assert account["equity"] == account["wallet"] == pytest.approx(1000 - 500 - 5 + 400 - 4)
    assert account["reward"] == pytest.approx(math.log(891 / 995))
    assert account["turnover"] == pytest.approx(500 + 400)
    assert fills_of(simulator)["reason"].tolist() == [FillReason.ORDER, FillReason.CLOSE_OUT]


def test_the_exit_of_the_kill_switch_is_scored_once_in_the_differential_sharpe() -> None:
    rules = replace(FREE, terminate_on_kill=True, reward=Reward.DIFFERENTIAL_SHARPE, score_rate=0.5)
    market = market_of(spot(taker_fee=0.01), [100, 110, 99, 120, 60])
    simulator = trade(market, 1.0, 1.0, 1.0, 1.0, rules=with_risk(rules, max_drawdown=0.3))
    account = simulator.accounts[0]
    assert account["terminated"] == 1
    mean = square = value = 0.0
    curve = [1000.0]
    for price in (110, 99, 120):
        lots = simulator.log[1]["lots"] * 0.001
        curve.append(1000 - lots * 110 * 1.01 + lots * price)
    curve.append(curve[0] - lots * 110 * 1.01 + lots * 60 * 0.99)
    for before, after in pairwise(curve):
        change = after / before - 1
        variance = square - mean * mean
        value = 0.0
        if variance > 0:
            value = (square * (change - mean) - 0.5 * mean * (change**2 - square)) / variance**1.5
        mean, square = mean + 0.5 * (change - mean), square + 0.5 * (change**2 - square)
    assert account["reward"] == pytest.approx(value, rel=1e-9)
    assert account["score_mean"] == pytest.approx(mean, rel=1e-9)


def test_an_episode_that_ends_without_features_shows_the_last_that_were_known() -> None:
    """A NaN in the observation of a truncated episode would poison what bootstraps from it."""
    market = market_of(spot(), [100, 101, 102, 103, 104, 105])
    features = np.array([[1.0], [2.0], [3.0], [math.nan], [5.0], [math.nan]])
    simulator = simulator_of(market, features=features, end=5)
    seen = []
    for _ in range(3):
        simulator.step(np.array([[1.0]]))
        seen.append((int(simulator.accounts[0]["row"]), float(simulator.observations[0, 0])))
    assert seen == [(1, 2.0), (2, 3.0), (4, 5.0)]
    simulator.step(np.array([[1.0]]))
    assert simulator.accounts[0]["truncated"] == 1
    assert simulator.accounts[0]["row"] == 5
    assert simulator.observations[0, 0] == 5.0
    assert np.isfinite(simulator.observations).all()


def test_weights_of_another_shape_are_refused() -> None:
    simulator = simulator_of(market_of(spot(), [100, 101, 102]), accounts=2)
    for wrong in (np.zeros((1, 1)), np.zeros((2, 2)), np.zeros(2)):
        with pytest.raises(DataError, match="expected \\(2, 1\\)"):
            simulator.step(wrong)
    assert simulator.accounts["row"].tolist() == [0, 0]
