"""The vector that a policy sees: its order, its names, and what each number says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.simulator.markets import (
    DAY,
    FREE,
    market_of,
    perpetual,
    random_market,
    simulator_of,
    spot,
    trade,
    with_risk,
)
from tradewind.simulator import Rules, Simulator
from tradewind.simulator.observation import observation_names, observation_size, schema_hash


def seen(simulator: Simulator, n: int = 0) -> dict[str, float]:
    """The observation of one account by name."""
    return dict(zip(simulator.observation_names, simulator.observations[n].tolist(), strict=True))


def test_the_names_stand_in_the_order_of_the_design() -> None:
    assert observation_names(["f", "g"], ["A", "B"], lookback=2, clock=True) == [
        *("f[-1]", "g[-1]", "f[0]", "g[0]"),
        *("weight A", "weight B", "cash_fraction"),
        *("unrealised_return A", "unrealised_return B", "stop_distance A", "stop_distance B"),
        *("bars_held A", "bars_held B", "cooldown A", "cooldown B"),
        *("drawdown", "kill_distance", "day_return", "day_blocked"),
        *("day_sin", "day_cos", "week_sin", "week_cos"),
    ]


@pytest.mark.parametrize("lookback", [1, 3])
@pytest.mark.parametrize("clock", [False, True])
def test_the_vector_is_float32_and_as_long_as_its_names(lookback: int, clock: bool) -> None:
    rules = replace(FREE, lookback=lookback, clock=clock)
    market = market_of((spot("AAA/USDT"), spot("BBB/USDT")), [100] * 6, [50] * 6)
    simulator = simulator_of(market, rules, features=np.zeros((6, 2)), start=3)
    assert simulator.observations.dtype == np.float32
    assert simulator.observations.shape == (1, len(simulator.observation_names))
    assert observation_size(2, 2, lookback, clock) == len(simulator.observation_names)


def test_the_window_ends_with_the_bar_that_has_just_closed() -> None:
    features = np.arange(10.0).reshape(5, 2)
    simulator = simulator_of(
        market_of(spot(), [100] * 5), replace(FREE, lookback=2), features=features, start=1
    )
    assert simulator.observations[0, :4].tolist() == [0.0, 1.0, 2.0, 3.0]
    simulator.step(np.array([[0.0]]))
    assert simulator.observations[0, :4].tolist() == [2.0, 3.0, 4.0, 5.0]


def test_a_flat_account_looks_like_this() -> None:
    simulator = simulator_of(market_of(spot(), [100] * 3), with_risk(max_drawdown=0.15))
    assert seen(simulator) == pytest.approx(
        {
            "weight AAA/USDT": 0.0,
            "cash_fraction": 1.0,
            "unrealised_return AAA/USDT": 0.0,
            "stop_distance AAA/USDT": 1.0,
            "bars_held AAA/USDT": 0.0,
            "cooldown AAA/USDT": 0.0,
            "drawdown": 0.0,
            "kill_distance": 0.15,
            "day_return": 0.0,
            "day_blocked": 0.0,
        }
    )


def test_a_long_spot_position_by_hand() -> None:
    """5 coins bought at 100, now 110 after a peak of 120: equity 1,050, stop 10 % under the peak at 108."""
    market = market_of(spot(), [100, 100, (100, 120, 100, 110), 110])
    simulator = trade(market, 0.5, math.nan, rules=with_risk(trailing_stop=0.1, max_drawdown=0.3))
    values = seen(simulator)
    assert values["weight AAA/USDT"] == pytest.approx(550 / 1050)
    assert values["cash_fraction"] == pytest.approx(500 / 1050)
    assert values["unrealised_return AAA/USDT"] == pytest.approx(0.1)
    assert values["stop_distance AAA/USDT"] == pytest.approx(2 / 110, rel=1e-5)
    assert values["bars_held AAA/USDT"] == pytest.approx(2 / 34)
    assert values["drawdown"] == 0.0


def test_a_short_perpetual_position_by_hand() -> None:
    """20 coins short from 100 at leverage 4, now 104: equity 920, 500 of margin bound, stop at 105."""
    rules = with_risk(replace(FREE, leverage=4.0), stop_loss=0.05, max_drawdown=0.2, daily_loss=0.05)
    values = seen(
        trade(market_of(perpetual(), [100, 100, 104, 104], start=-DAY), -2.0, math.nan, rules=rules)
    )
    assert values["weight AAA/USDT:USDT"] == pytest.approx(-2080 / 920)
    assert values["cash_fraction"] == pytest.approx((920 - 500) / 920)
    assert values["unrealised_return AAA/USDT:USDT"] == pytest.approx(-0.04)
    assert values["stop_distance AAA/USDT:USDT"] == pytest.approx(1 / 104, rel=1e-5)
    assert values["drawdown"] == pytest.approx(0.08)
    assert values["kill_distance"] == pytest.approx(0.12)
    assert (values["day_return"], values["day_blocked"]) == (pytest.approx(-0.08), 1.0)


def test_the_cooldown_after_a_stop_is_seen_before_it_is_obeyed() -> None:
    rules = with_risk(stop_loss=0.1, cooldown_bars=2)
    simulator = trade(
        market_of(spot(), [100, 100, (100, 100, 80, 100), 100, 100]), 0.5, math.nan, rules=rules
    )
    assert seen(simulator)["cooldown AAA/USDT"] == pytest.approx(2 / 10)
    simulator.step(np.array([[0.5]]))
    assert seen(simulator)["cooldown AAA/USDT"] == pytest.approx(1 / 9)


def test_the_clock_tells_the_time_of_the_close() -> None:
    """Bars of 6 h from Thursday 1970-01-01: the first closes at 06:00, a quarter into the day."""
    market = market_of(spot(), [100] * 30, timeframe="6h")
    simulator = simulator_of(market, replace(FREE, clock=True))
    assert simulator.observations[0, -4:-2] == pytest.approx([1.0, 0.0], abs=1e-6)
    since_monday = (3 + 0.25) / 7 * 2 * math.pi
    assert simulator.observations[0, -2:] == pytest.approx(
        [math.sin(since_monday), math.cos(since_monday)], abs=1e-6
    )
    assert simulator.tape.clock[15] == pytest.approx([0.0, 1.0, 0.0, 1.0], abs=1e-6)  # Monday, 00:00


def test_a_thousand_and_a_million_look_the_same() -> None:
    """With lots that scale, and no raw price or cash in the vector, only the last bits may differ."""
    market = random_market(np.random.default_rng(2), [perpetual(taker_fee=0.001)], 40, volume=1e15)
    rules = replace(Rules(leverage=3.0), clock=True)
    small, large = simulator_of(market, rules, capital=1e3), simulator_of(market, rules, capital=1e6)
    for row in range(30):
        weights = np.array([[math.sin(row)]])
        small.step(weights)
        large.step(weights)
        assert small.observations[0] == pytest.approx(large.observations[0], abs=1e-3)


def test_the_schema_hash_knows_every_name_and_their_order() -> None:
    names = observation_names(["f", "g"], ["A"], 1, False)
    assert schema_hash(names) == schema_hash(list(names))
    others = [
        observation_names(["g", "f"], ["A"], 1, False),
        observation_names(["f", "g"], ["B"], 1, False),
        observation_names(["f", "g"], ["A"], 2, False),
        observation_names(["f", "g"], ["A"], 1, True),
    ]
    assert len({schema_hash(n) for n in [names, *others]}) == 5
