"""Steps, episodes, the ends of an episode, and the outcome of another action."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.simulator.markets import (
    DAY,
    FREE,
    fills_of,
    market_of,
    perpetual,
    random_market,
    simulator_of,
    spot,
    tape_of,
    trade,
    with_costs,
    with_risk,
)
from tradewind.market import FillReason
from tradewind.market.errors import ConfigError, DataError
from tradewind.simulator import Reward, Rules, Simulator, kernel


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


def test_a_step_trades_at_the_next_open_and_marks_at_its_close() -> None:
    simulator = simulator_of(market_of(spot(), [100, (102, 110, 101, 108), 108]))
    simulator.step(np.array([[0.51]]))
    account = simulator.accounts[0]
    assert account["row"] == 1
    assert account["equity"] == pytest.approx(1000 + 5.1 * (108 - 102))
    assert account["reward"] == pytest.approx(math.log(1.0306))


def test_an_episode_is_truncated_at_its_end_and_not_before() -> None:
    simulator = simulator_of(market_of(spot(), [100] * 6), start=1, end=4)
    ends = []
    for _ in range(3):
        simulator.step(np.array([[0.5]]))
        ends.append((int(simulator.accounts[0]["truncated"]), int(simulator.accounts[0]["terminated"])))
    assert ends == [(0, 0), (0, 0), (1, 0)]


def test_ruin_terminates() -> None:
    """Short at leverage 1, liquidated near twice the price: 0.5 % of the capital is left."""
    market = market_of(perpetual(), [100, 100, (100, 300, 100, 250), 250])
    simulator = trade(market, -1.0, math.nan, rules=replace(FREE, ruin=0.1))
    assert simulator.accounts[0]["equity"] < 100
    assert (simulator.accounts[0]["terminated"], simulator.accounts[0]["truncated"]) == (1, 0)
    simulator = trade(market, -1.0, math.nan, rules=replace(FREE, ruin=0.001))
    assert simulator.accounts[0]["terminated"] == 0


def test_without_training_the_kill_switch_flattens_at_the_next_open_and_latches() -> None:
    """The mark of 80 is a drawdown of 20 %; the exit is at the next open of 70, nothing is bought again."""
    market = market_of(spot(), [100, 100, 80, 70, 70, 70])
    simulator = trade(market, 1.0, 1.0, 1.0, 1.0, 1.0, rules=with_risk(max_drawdown=0.2))
    fills = fills_of(simulator)
    assert [(int(f["row"]), float(f["price"]), int(f["reason"])) for f in fills] == [
        (1, 100.0, FillReason.ORDER),
        (3, 70.0, FillReason.ORDER),
    ]
    assert (simulator.accounts[0]["halted"], simulator.accounts[0]["terminated"]) == (1, 0)


def test_re_arming_lets_the_next_decision_trade() -> None:
    """Asked for before row 4, in effect after its mark, before its decision: bought at the open of row 5."""
    market = market_of(spot(), [100, 100, 80, 80, 80, 80, 80])
    simulator = trade(market, 1.0, 1.0, 1.0, rules=with_risk(max_drawdown=0.2))
    simulator.accounts[0]["rearm"] = 1
    for _ in range(3):
        simulator.step(np.array([[1.0]]))
    assert [int(f["row"]) for f in fills_of(simulator) if f["lots"] > 0] == [1, 5]
    assert simulator.accounts[0]["peak_equity"] == pytest.approx(800.0)


def test_a_daily_loss_blocks_new_exposure_until_the_next_utc_day() -> None:
    """Bars that close at 6, 12, 18 and 24 h; the loss at 18 blocks what would be bought then, not at 24."""
    market = market_of(spot(), [100, 100, 80, 80, 80, 80, 80], start=-DAY // 4, timeframe="6h")
    rules = with_risk(daily_loss=0.05)
    simulator = trade(market, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9, rules=rules)
    assert [int(f["row"]) for f in fills_of(simulator)] == [1, 5]
    assert simulator.tape.rows["close_time"][4] == DAY


def test_rows_without_features_are_waited_through_on_hold() -> None:
    """Rows 2 and 3 lack a feature: one step leads from row 1 to row 4 and earns the sum of the rewards."""
    features = np.array([[0.0], [0.0], [math.nan], [math.nan], [0.0], [0.0]])
    market = market_of(spot(), [100, 100, 110, 121, 130, 130])
    simulator = simulator_of(market, features=features)
    simulator.step(np.array([[1.0]]))
    simulator.step(np.array([[math.nan]]))
    account = simulator.accounts[0]
    assert (account["row"], account["missing"]) == (4, 2)
    assert account["reward"] == pytest.approx(math.log(1.3))
    assert len(fills_of(simulator)) == 1


def test_an_episode_that_should_begin_without_features_begins_where_they_are_known() -> None:
    features = np.array([[0.0], [math.nan], [math.nan], [3.0], [4.0]])
    simulator = simulator_of(market_of(spot(), [100] * 5), features=features, start=1)
    assert simulator.accounts[0]["row"] == 3
    assert simulator.observations[0, 0] == 3.0


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (0, 6), (-1, 3), (1, 4), (4, 5)])
def test_an_episode_must_lie_inside_one_segment(start: int, end: int) -> None:
    """Row 0 is not ready for a window of two, and rows 3 and 4 belong to two fragments."""
    market = replace(market_of(spot(), [100] * 6), fragments=np.array([[0, 3], [3, 6]], np.int64))
    rules = replace(FREE, lookback=2)
    simulator = Simulator(tape_of(market, rules), rules)
    assert simulator.tape.segments.tolist() == [[1, 3], [4, 6]]
    simulator.begin(0, 1, 2)
    if (start, end) == (4, 5):
        simulator.begin(0, start, end)
    else:
        with pytest.raises(DataError, match="does not lie inside"):
            simulator.begin(0, start, end)


def test_a_tape_of_another_lookback_and_senseless_capital_are_refused() -> None:
    tape = tape_of(market_of(spot(), [100] * 4))
    with pytest.raises(ConfigError, match="lookback"):
        Simulator(tape, replace(FREE, lookback=2))
    for capital in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ConfigError, match="capital"):
            Simulator(tape, FREE, capital=capital)


def test_begin_makes_everything_fresh() -> None:
    """After an episode with stops, blocks, fees and a kill: every field is as in a simulator never used."""
    random = np.random.default_rng(5)
    market = random_market(random, [perpetual(taker_fee=0.001)], 60, volatility=0.05, funding=0.001)
    rules = replace(Rules(leverage=5.0), reward=Reward.DIFFERENTIAL_SHARPE)
    simulator = simulator_of(market, rules)
    for _ in range(50):
        simulator.step(random.uniform(-5, 5, (1, 1)))
        if simulator.accounts[0]["terminated"]:
            break
    assert len(fills_of(simulator)) > 3
    simulator.begin(0, 0, len(market) - 1)
    fresh = simulator_of(market, rules)
    assert simulator.accounts.tobytes() == fresh.accounts.tobytes()
    assert simulator.positions.tobytes() == fresh.positions.tobytes()
    assert simulator.observations.tobytes() == fresh.observations.tobytes()


def test_begin_leaves_the_other_accounts_alone() -> None:
    simulator = simulator_of(market_of(spot(), [100, 100, 120, 130, 140]), accounts=3)
    simulator.step(np.full((3, 1), 0.5))
    before = simulator.accounts.tobytes(), simulator.positions.tobytes()
    kept = [simulator.accounts[n].tobytes() + simulator.positions[n].tobytes() for n in (0, 2)]
    simulator.begin(1, 2, 4)
    assert (simulator.accounts.tobytes(), simulator.positions.tobytes()) != before
    assert [simulator.accounts[n].tobytes() + simulator.positions[n].tobytes() for n in (0, 2)] == kept
    assert simulator.accounts["row"].tolist() == [1, 2, 1]


def test_reset_twice_gives_the_same_first_reward() -> None:
    market = random_market(np.random.default_rng(1), [spot(taker_fee=0.001)], 30)
    simulator = simulator_of(market, Rules())
    firsts = []
    for _ in range(3):
        simulator.begin(0, 4, 20)
        simulator.step(np.array([[0.7]]))
        firsts.append(float(simulator.accounts[0]["reward"]))
        for _ in range(8):
            simulator.step(np.array([[0.1]]))
    assert firsts[0] == firsts[1] == firsts[2] != 0.0


def test_doing_nothing_scores_exactly_zero_on_flat_prices() -> None:
    for kind in (Reward.LOG_RETURN, Reward.SIMPLE_RETURN, *list(Reward)[2:]):
        for make in (spot, perpetual):
            simulator = simulator_of(
                market_of(make(taker_fee=0.001), [100] * 20), replace(Rules(), reward=kind)
            )
            for _ in range(19):
                simulator.step(np.array([[0.0]]))
                assert simulator.accounts[0]["reward"] == 0.0
                assert simulator.accounts[0]["equity"] == 1000.0


def test_targets_followed_in_one_call_equal_steps() -> None:
    random = np.random.default_rng(3)
    market = random_market(random, [perpetual(taker_fee=0.001)], 40, volatility=0.03)
    targets = random.uniform(-2, 2, (40, 1))
    rules = with_costs(replace(Rules(leverage=2.0), ruin=0.0), participation_cap=None)
    stepped, followed = simulator_of(market, rules), simulator_of(market, rules)
    curve = [1000.0]
    for row in range(39):
        stepped.step(targets[row].reshape(1, 1))
        curve.append(float(stepped.accounts[0]["equity"]))
    equity = np.zeros(40)
    kernel.run_targets(
        followed.accounts,
        followed.positions,
        followed.tape.bars,
        followed.tape.rows,
        followed.tape.instruments,
        followed.rules_record,
        targets,
        0,
        39,
        equity,
        followed.log,
    )
    assert equity.tolist() == curve
    assert followed.log.tobytes() == stepped.log.tobytes()
