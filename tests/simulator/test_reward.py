"""Named rewards, each against its formula."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.markets import FREE, market_of, simulator_of, spot, trade
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


def test_the_default_is_the_log_return() -> None:
    assert paid(FREE, 1000.0, 1010.0) == pytest.approx(math.log(1.01))
    assert paid(FREE, 1000.0, 1000.0) == 0.0
    assert paid(replace(FREE, reward_scale=100.0), 1000.0, 990.0) == pytest.approx(100 * math.log(0.99))


def test_the_simple_return() -> None:
    assert paid(replace(FREE, reward=Reward.SIMPLE_RETURN), 1000.0, 1010.0) == pytest.approx(0.01)


def test_a_lost_account_has_a_finite_reward() -> None:
    for kind in Reward:
        assert math.isfinite(paid(replace(FREE, reward=kind), 1000.0, -50.0))
    assert paid(FREE, 1000.0, 0.0) == pytest.approx(math.log(1e-6))


def test_the_drawdown_penalty() -> None:
    rules = replace(FREE, reward=Reward.DRAWDOWN_PENALTY, reward_penalty=0.5)
    assert paid(rules, 1000.0, 900.0, peak_equity=1200.0) == pytest.approx(math.log(0.9) - 0.5 * 0.25)


def test_the_turnover_penalty() -> None:
    rules = replace(FREE, reward=Reward.TURNOVER_PENALTY, reward_penalty=0.01)
    assert paid(rules, 1000.0, 1000.0, bar_turnover=500.0) == pytest.approx(-0.01 * 0.5)


def test_the_excess_over_the_equal_weight_portfolio() -> None:
    rules = replace(FREE, reward=Reward.EXCESS)
    assert paid(rules, 1000.0, 1020.0, benchmark=0.02) == pytest.approx(0.0, abs=1e-15)
    assert paid(rules, 1000.0, 1000.0, benchmark=0.02) == pytest.approx(-math.log(1.02))


def test_the_benchmark_is_the_mean_return_of_what_has_two_closes() -> None:
    pair = (spot("AAA/USDT"), spot("BBB/USDT"))
    simulator = simulator_of(market_of(pair, [100, 110, 121, None, 121], [50, 50, None, 60, 66]))
    rows = simulator.tape.rows["benchmark_return"].tolist()
    assert rows == pytest.approx([0.0, (0.1 + 0.0) / 2, 0.1, 0.0, 0.1])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_the_differential_sharpe_is_the_derivative_of_an_exponential_sharpe_ratio(
    returns: list[float], rate: float
) -> None:
    """Moody and Saffell (2001): D = (B dA - A dB / 2) / (B - A^2)^(3/2), then A and B take the return in."""
    rules = replace(FREE, reward=Reward.DIFFERENTIAL_SHARPE, score_rate=rate).record(1, Kind.SPOT)[0]
    accounts, _ = open_account(1000.0, 1)
    account, first, second, equity = accounts[0], 0.0, 0.0, 1000.0
    for change in returns:
        account["previous_equity"], equity = equity, equity * (1 + change)
        account["equity"] = equity
        variance = second - first**2
        expected = 0.0
        if variance > 1e-12:
            expected = (second * (change - first) - first * (change**2 - second) / 2) / variance**1.5
        assert reward_of(account, rules, 0.0) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        first, second = first + rate * (change - first), second + rate * (change**2 - second)


def test_the_reward_of_an_agent_is_net_of_every_cost() -> None:
    """Fee 1 % in and out on flat prices: the rewards add up to the log of what is left."""
    simulator = simulator_of(market_of(spot(taker_fee=0.01), [100] * 4))
    total = 0.0
    for weight in (0.5, 0.0):
        simulator.step(np.array([[weight]]))
        total += float(simulator.accounts[0]["reward"])
    assert simulator.accounts[0]["equity"] == pytest.approx(990.0)
    assert total == pytest.approx(math.log(0.99))
    assert trade(market_of(spot(taker_fee=0.01), [100] * 4), 0.0).accounts[0]["reward"] == 0.0
