"""The table of worlds: what theory says, and that three million steps say the same."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tradewind.data.worlds import (
    WORLDS,
    RegimeBreak,
    arithmetic_profit,
    best_momentum,
    constant_drift_sharpe,
    log_growth,
    momentum,
    naive_sign,
    oracle_on,
)
from tradewind.data.worlds.policies import Band
from tradewind.market import ConfigError

STREAMS, BARS = 750, 4000
W2_SLOW = replace(WORLDS["W2"], rho=0.99)
W5_FAST = replace(WORLDS["W5"], rho=0.95)
W8_FAT = replace(WORLDS["W8"], law="t4")

TABLE = [  # world, cost, gain per step, flip threshold (None where the table gives none)
    (WORLDS["W1"], 0.0, 8.02e-4, None),
    (WORLDS["W1"], 2e-4, 6.30e-4, None),
    (WORLDS["W1"], 5e-4, 4.26e-4, None),
    (WORLDS["W1"], 1e-3, 2.04e-4, None),
    (WORLDS["W2"], 0.0, 1.278e-3, None),
    (WORLDS["W2"], 5e-4, 1.208e-3, 0.0059),
    (WORLDS["W2"], 1e-3, 1.161e-3, 0.0090),
    (W2_SLOW, 5e-4, 5.45e-4, 0.0139),
    (WORLDS["W3"], 0.0, 1.197e-3, None),
    (WORLDS["W3"], 5e-4, 1.092e-3, 3.3e-4),
    (WORLDS["W3"], 1e-3, 1.019e-3, None),
    (WORLDS["W4"], 5e-4, 6.95e-4, 0.137),
    (WORLDS["W5"], 0.0, 1.596e-4, None),
    (WORLDS["W5"], 5e-4, 1.384e-4, 0.86e-4),
    (W5_FAST, 5e-4, 1.218e-4, 1.14e-4),
    (WORLDS["W8"], 0.0, 7.98e-3, None),
    (WORLDS["W8"], 5e-4, 7.49e-3, 5e-4),
    (W8_FAT, 0.0, 7.07e-3, None),
]
IDS = [f"{w.name} at {c * 1e4:g} bp, {i}" for i, (w, c, _, _) in enumerate(TABLE)]


@pytest.fixture(scope="module")
def draw():
    """Three million steps of a world, drawn once."""
    kept = {}

    def paths(world):
        if world not in kept:
            kept.clear()  # one at a time: they are large
            kept[world] = world.sample(BARS, np.random.default_rng(7), STREAMS)
        return kept[world]

    return paths


@pytest.mark.parametrize(("world", "cost", "gain", "threshold"), TABLE, ids=IDS)
def test_the_oracle_has_the_value_of_the_table(world, cost, gain, threshold):
    oracle = world.optimal(cost)
    assert oracle.gain == pytest.approx(gain, rel=2e-3)
    if threshold is not None:
        assert oracle.threshold == pytest.approx(threshold, rel=0.01)


@pytest.mark.parametrize(("world", "cost", "gain", "threshold"), TABLE, ids=IDS)
def test_three_million_steps_earn_what_the_oracle_says(world, cost, gain, threshold, draw):
    paths, oracle = draw(world), world.optimal(cost)
    expected = oracle_on(world, paths, cost, expected=True)
    luck = np.abs(paths.drift[:, :-1]).mean() - world.optimal(0.0).gain  # of these draws: a control variate
    assert expected.mean - luck == pytest.approx(oracle.gain, rel=0.005)
    realised = oracle_on(world, paths, cost)
    assert abs(realised.mean - oracle.gain) < 4 * realised.standard_error


@pytest.mark.parametrize(
    ("name", "cost", "coarse"), [("W2", 5e-4, 0.0067), ("W2", 1e-3, 0.0096), ("W3", 5e-4, 3.6e-4)]
)
def test_a_threshold_read_off_a_coarser_grid_earns_the_same(name, cost, coarse, draw):
    world = WORLDS[name]
    paths = draw(world)
    other = arithmetic_profit(Band(coarse).positions(paths.signal), paths, cost, expected=True)
    best = oracle_on(world, paths, cost, expected=True)
    assert best.mean * 0.998 < other.mean < best.mean * 1.0005


@pytest.mark.parametrize(("name", "cost"), [("W1", 5e-4), ("W2", 5e-4), ("W3", 1e-3), ("W5", 5e-4)])
def test_the_oracle_beats_the_naive_sign_on_the_same_draws(name, cost, draw):
    paths = draw(WORLDS[name])
    naive = arithmetic_profit(naive_sign(paths), paths, cost, expected=True)
    assert oracle_on(WORLDS[name], paths, cost, expected=True).mean > 1.01 * naive.mean


@pytest.mark.parametrize(("name", "rho"), [("W2", 0.95), ("W3", 0.9), ("W5", 0.98)])
def test_the_naive_sign_earns_what_orthant_probabilities_say(name, rho, draw):
    """A Gaussian AR(1) changes its sign with probability acos(rho) / pi, and each change costs 2 c."""
    world, cost = WORLDS[name], 5e-4
    by_hand = world.optimal(0.0).gain - 2 * cost * math.acos(rho) / math.pi
    naive = arithmetic_profit(naive_sign(draw(world)), draw(world), cost, expected=True)
    assert naive.mean == pytest.approx(by_hand, rel=0.02)


def test_w3_at_ten_basis_points_rewards_a_band(draw):
    paths = draw(WORLDS["W3"])
    naive = arithmetic_profit(naive_sign(paths), paths, 1e-3, expected=True)
    assert naive.mean == pytest.approx(9.10e-4, rel=0.01)
    assert naive.mean / WORLDS["W3"].optimal(1e-3).gain < 0.90


def test_w1_sign_policy_has_the_sharpe_ratio_of_its_formula(draw):
    m = 0.1 * math.sqrt(2 / math.pi)
    profit = oracle_on(WORLDS["W1"], draw(WORLDS["W1"]), 0.0)
    assert m / math.sqrt(1 - m * m) == pytest.approx(0.0800, abs=5e-5)
    assert profit.sharpe == pytest.approx(0.0800, abs=4 / math.sqrt(profit.steps))


def test_w4_filter_beats_momentum_and_stays_under_the_clairvoyant(draw):
    world, paths = WORLDS["W4"], draw(WORLDS["W4"])
    lookback, flattered = best_momentum(paths, 5e-4)
    expected = arithmetic_profit(momentum(paths, 40), paths, 5e-4, expected=True)
    filtered = oracle_on(world, paths, 5e-4, expected=True)
    assert lookback in (30, 40)
    assert expected.mean == pytest.approx(6.13e-4, rel=0.02)
    assert filtered.mean > max(expected.mean, flattered.mean) * 1.05
    seer = arithmetic_profit(paths.hidden, paths, 0.0)
    assert world.clairvoyant_gain == pytest.approx(1.5e-3)
    assert filtered.mean < 0.5 * world.clairvoyant_gain
    assert seer.mean == pytest.approx(world.persistence * 1.5e-3, abs=4 * seer.standard_error)


def test_w0_pays_costs_and_nothing_else(draw):
    paths = draw(WORLDS["W0"])
    oracle = WORLDS["W0"].optimal()
    assert oracle.gain == 0.0
    assert oracle_on(WORLDS["W0"], paths).mean == 0.0
    followed = arithmetic_profit(np.sign(paths.predictors[:, :, 0]), paths, 5e-4)
    assert abs(followed.mean + 5e-4 * followed.turnover) < 4 * followed.standard_error


@pytest.mark.parametrize("law", ["gaussian", "t4", "garch"])
def test_w0_has_unit_variance_under_every_law(law):
    returns = replace(WORLDS["W0"], law=law).sample(4000, np.random.default_rng(3), 100).returns
    assert returns.std() == pytest.approx(0.01, rel=0.03)


def test_w6_grows_fastest_at_merton_s_fraction():
    world = WORLDS["W6"]
    paths = world.sample(4000, np.random.default_rng(5), 250)
    assert world.optimal().gain == pytest.approx(2.0e-4)
    ones = np.ones_like(paths.returns)
    assert np.array_equal(world.optimal().positions(paths), ones)
    grown = {p: log_growth(p * ones, paths) for p in (0.0, 1.0, 2.0)}
    assert grown[0.0].mean == 0.0
    for position, value in ((1.0, 2.0e-4), (2.0, 0.0)):
        assert abs(grown[position].mean - value) < 4 * grown[position].standard_error
    assert world.growth(1.0) > max(world.growth(0.75), world.growth(1.25))


def test_w7_reaches_the_sharpe_ratio_of_its_formula(draw):
    world, paths = WORLDS["W7"], draw(WORLDS["W7"])
    oracle = world.optimal()
    earned = oracle_on(world, paths)
    assert earned.sharpe == pytest.approx(oracle.gain, rel=0.01)
    assert oracle.gain < world.small_signal_sharpe < 1.08 * oracle.gain
    positions = oracle.positions(paths)
    assert np.abs(positions).sum(axis=2).max() <= 1.0
    louder = arithmetic_profit(positions * (1 + paths.signal[:, :, :1] ** 2), paths, 0.0)
    assert louder.sharpe < earned.sharpe


def test_w7_weak_signals_approach_the_small_signal_formula():
    weak = replace(WORLDS["W7"], loadings=((0.012, 0.0), (0.005, 0.01), (-0.006, 0.012), (0.01, -0.015)))
    assert weak.optimal().gain == pytest.approx(weak.small_signal_sharpe, rel=1e-3)


def test_w7_constant_drift_formula_by_hand():
    """Uncorrelated: Sharpe ratios add in squares, here 3-4-5."""
    drift, covariance = np.array([0.03, 0.08]), np.diag([0.01, 0.04])
    assert constant_drift_sharpe(drift, covariance) == pytest.approx(0.5)


def test_w7_permuting_the_instruments_permutes_everything():
    world, order = WORLDS["W7"], (2, 0, 3, 1)
    noise = world.noise(300, np.random.default_rng(11), 2)
    shared = world.factors + 1
    moved = np.concatenate([noise[:, :, :shared], noise[:, :, shared:][:, :, list(order)]], axis=2)
    one, other = world.evolve(noise), world.permuted(order).evolve(moved)
    np.testing.assert_allclose(other.returns, one.returns[:, :, list(order)], rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        world.permuted(order).optimal().positions(other),
        world.optimal().positions(one)[:, :, list(order)],
        rtol=1e-9,
        atol=1e-12,
    )
    assert world.permuted(order).optimal().gain == pytest.approx(world.optimal().gain, rel=1e-12)


def test_w7_has_no_oracle_with_costs():
    with pytest.raises(ConfigError, match="cost 0 only"):
        WORLDS["W7"].optimal(5e-4)


def test_w9_the_old_policy_loses_after_the_break():
    world = WORLDS["W9"]
    assert isinstance(world, RegimeBreak)
    assert world.optimal(5e-4).gain == WORLDS["W1"].optimal(5e-4).gain
    paths = world.sample(BARS, np.random.default_rng(7), STREAMS)
    earned = world.optimal().positions(paths)
    split = world.break_bar(BARS)
    assert split == 3200
    after = _slice(paths, split)
    lost = arithmetic_profit(earned[:, split:], after, world.cost, expected=True)
    assert world.gain_after_break() == pytest.approx(-1.055e-3, rel=2e-3)
    assert lost.mean == pytest.approx(world.gain_after_break(), rel=0.005)
    realised = arithmetic_profit(earned[:, split:], after, world.cost)
    assert abs(realised.mean - world.gain_after_break()) < 4 * realised.standard_error


def _slice(paths, start):
    return replace(
        paths,
        **{name: getattr(paths, name)[:, start:] for name in ("returns", "predictors", "signal", "drift")},
    )


@pytest.mark.parametrize("name", sorted(set(WORLDS) - {"W7"}))
def test_more_cost_never_makes_a_better_oracle(name):
    world = WORLDS[name]
    gains = [world.optimal(c).gain for c in (0.0, 2e-4, 5e-4, 1e-3)]
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize("cost", [-1e-4, 5.0, math.nan])
def test_a_cost_that_is_no_fraction_is_refused(cost):
    with pytest.raises(ConfigError, match=r"0\.0005 for 5 basis points"):
        WORLDS["W1"].optimal(cost)
