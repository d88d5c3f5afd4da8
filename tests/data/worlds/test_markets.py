from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tradewind.data.worlds import (
    DEMO,
    WORLDS,
    Reversion,
    arithmetic_profit,
    generate,
    oracle_on,
    stream,
    to_market,
)
from tradewind.market import ConfigError, DataError, Kind

NAMES = [*sorted(WORLDS), "demo"]


@pytest.mark.parametrize("name", NAMES)
def test_candles_are_possible_and_carry_the_returns_of_the_world(name):
    made = generate(name, 500, seed=1)
    m = made.market
    assert len(m) == 500
    assert m.fragments.tolist() == [[0, 500]]
    assert m.tradable.all()
    assert (m.open[0] == 100).all()
    assert np.array_equal(m.open[1:], m.close[:-1])
    assert (m.high >= np.maximum(m.open, m.close)).all()
    assert (m.low <= np.minimum(m.open, m.close)).all()
    assert (m.low > 0).all()
    assert (m.volume > 0).all()
    np.testing.assert_allclose(m.close / m.open - 1, made.paths.returns[0], rtol=0, atol=1e-14)
    assert np.array_equal(made.predictors, made.paths.predictors[0])
    assert made.names == made.world.predictor_names


@pytest.mark.parametrize("name", NAMES)
def test_instruments_have_no_rules_but_the_cost(name):
    instrument = generate(name, 10, seed=1, cost=3e-4).market.instruments[0]
    assert instrument.kind is Kind.PERPETUAL
    assert instrument.taker_fee == instrument.maker_fee == 3e-4
    assert instrument.min_notional == 0
    assert 1e6 <= 10_000 / 100 / float(instrument.lot) < 2**53


def test_the_same_seed_gives_the_same_candles():
    one, two, other = (generate("demo", 300, seed=s).market for s in (5, 5, 6))
    for name in one.array_names():
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.close, other.close)


def test_wicks_and_volume_leave_opens_and_closes_alone():
    bare = generate("W2", 4000, seed=3).market
    rich = generate("W2", 4000, seed=3, intrabar=True).market
    assert np.array_equal(bare.close, rich.close)
    assert np.array_equal(bare.high, np.maximum(bare.open, bare.close))
    assert len(np.unique(bare.volume)) == 1
    wider = (rich.high / rich.low - 1).mean() / np.abs(rich.close / rich.open - 1).mean()
    assert wider == pytest.approx(2.0, rel=0.03)  # E[range] = 2 E[abs(move)] of a Brownian path
    lift = rich.volume / rich.volume.mean()
    assert lift.std() > 0.3


def test_streams_are_fragments_that_each_begin_at_the_same_price():
    made = stream("W3", streams=5, bars=40, seed=2)
    m = made.market
    assert m.fragments.tolist() == [[0, 40], [40, 80], [80, 120], [120, 160], [160, 200]]
    assert (m.open[m.fragments[:, 0]] == 100).all()
    steps = np.diff(m.open_time)
    assert (steps > 0).all()
    assert np.flatnonzero(steps != m.timeframe.ms).tolist() == [39, 79, 119, 159]
    assert np.array_equal(made.predictors[80:120], made.paths.predictors[2])
    targets = made.oracle_targets()
    assert targets.shape == (200, 1)
    assert np.array_equal(targets[80:120], WORLDS["W3"].optimal().positions(made.paths)[2])


def test_funding_is_due_at_the_open_after_the_bar_that_held_it():
    made = generate("W5", 50, seed=4)
    due = made.market.funding_rate[:, 0]
    assert made.market.timeframe.text == "8h"
    assert due[0] == 0
    assert np.array_equal(due[1:], made.paths.funding[0, :-1])
    np.testing.assert_allclose(due[2:], -made.paths.signal[0, :-2, 0], rtol=0, atol=1e-18)
    first_of_streams = stream("W5", 3, 20, seed=4).market
    assert (first_of_streams.funding_rate[first_of_streams.fragments[:, 0]] == 0).all()


def test_targets_traded_on_the_candles_earn_the_oracle_s_profit():
    made = generate("W2", 3000, seed=8)
    m, target = made.market, made.oracle_targets()[:, 0]
    moves = m.close[1:, 0] / m.open[1:, 0] - 1
    traded = np.abs(np.diff(target, prepend=0.0))[:-1]
    by_hand = (target[:-1] * moves - made.world.cost * traded).mean()
    assert by_hand == pytest.approx(oracle_on(made.world, made.paths).mean, rel=1e-9)


def test_several_symbols_are_independent_copies_with_equal_shares():
    made = generate("demo", 800, seed=1, symbols=["AAA/USDT:USDT", "BBB/USDT:USDT"])
    assert made.market.symbols == ("AAA/USDT:USDT", "BBB/USDT:USDT")
    assert made.market.close.shape == (800, 2)
    moves = made.market.close / made.market.open - 1
    assert abs(np.corrcoef(moves.T)[0, 1]) < 0.15
    width = len(DEMO.predictor_names)
    assert made.predictors.shape == (800, 2 * width)
    assert made.names[width].startswith("BBB/USDT:USDT ")
    assert np.array_equal(made.predictors[:, width:], made.paths.predictors[1])
    assert np.abs(made.oracle_targets()).sum(axis=1).max() == 1.0


def test_a_basket_takes_one_symbol_per_instrument():
    assert generate("W7", 50, seed=1).market.symbols == tuple(f"W7{x}/USDT:USDT" for x in "ABCD")
    with pytest.raises(ConfigError, match="4 instruments, but 2 symbols"):
        generate("W7", 50, seed=1, symbols=["A/USDT", "B/USDT"])


@pytest.mark.parametrize("symbol", ["BTC", "/USDT", "BTC/"])
def test_a_symbol_without_quote_is_refused(symbol):
    with pytest.raises(ConfigError, match="BASE/QUOTE"):
        generate("W1", 50, seed=1, symbols=[symbol])


def test_a_path_too_long_for_one_price_is_refused_with_the_way_out():
    wild = replace(WORLDS["W0"], volatility=0.05)
    with pytest.raises(DataError, match="several shorter streams"):
        generate(wild, 40_000, seed=1)


def test_copies_are_one_or_all_streams():
    paths = WORLDS["W1"].sample(20, np.random.default_rng(0), 3)
    with pytest.raises(ConfigError, match="expected 1 or the 3 streams"):
        to_market(WORLDS["W1"], paths, copies=2)


def test_the_demo_has_an_edge_that_its_prices_show():
    """A year of candles: the distance of the closes from their mean earns its theoretical gain."""
    made = generate("demo", 365 * 24, seed=2024)
    assert isinstance(made.world, Reversion)
    steps = np.diff(np.log(made.market.close[:, 0]))
    assert np.corrcoef(steps, np.diff(made.paths.signal[0, :, 0]))[0, 1] < -0.99
    oracle = made.world.optimal()
    earned = arithmetic_profit(oracle.positions(made.paths), made.paths, made.world.cost)
    assert earned.mean > 8 * earned.standard_error
    assert abs(earned.mean - oracle.gain) < 4 * earned.standard_error


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_from_a_day_s_average_is_enough_for_most_of_the_demo(seed):
    made = generate("demo", 365 * 24, seed=seed)
    closes = made.market.close[:, 0]
    average = np.convolve(closes, np.ones(24) / 24)[: len(closes)]
    distance = np.where(np.arange(len(closes)) < 24, 0.0, closes / average - 1)
    position, held = [], 0.0
    for x in distance:
        held = -np.sign(x) if abs(x) > 0.002 else held
        position.append(held)
    simple = arithmetic_profit(np.array(position)[None], made.paths, made.world.cost, expected=True)
    best = oracle_on(made.world, made.paths, expected=True)
    assert 0.7 < simple.mean / best.mean < 1.0


@pytest.mark.parametrize(
    "made",
    [
        generate("W7", 60, seed=1),
        generate("W3", 60, seed=1, symbols=["A/USDT", "B/USDT", "C/USDT"]),
        stream("W3", 4, 60, seed=1),
    ],
    ids=["basket", "copies", "streams"],
)
def test_weights_of_the_rows_and_positions_of_the_paths_are_the_same_thing(made):
    positions = made.world.optimal().positions(made.paths)
    assert np.array_equal(made.as_positions(made.oracle_targets()), positions)
    with pytest.raises(DataError, match="targets have shape"):
        made.as_positions(made.oracle_targets()[1:])
