from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.data.worlds import (
    WORLDS,
    WorldPaths,
    arithmetic_profit,
    best_momentum,
    compare,
    momentum,
    naive_sign,
    oracle_on,
)
from tradewind.market import DataError


def _paths(returns, funding=None):
    r = np.array(returns, dtype=float)[None, :, None]
    return WorldPaths(r, r, r, drift=np.zeros_like(r), funding=funding)


def test_profit_by_hand():
    """Buy at bar 0, hold, go short, then the last decision has no next bar."""
    paths = _paths([0.5, 0.02, -0.01, 0.03])
    profit = arithmetic_profit(np.array([[1.0, 1.0, -1.0, 1.0]]), paths, 0.001)
    steps = [0.02 - 0.001, -0.01, -0.03 - 0.002]
    assert profit.steps == 3
    assert profit.mean == pytest.approx(sum(steps) / 3)
    assert profit.deviation == pytest.approx(np.std(steps))
    assert profit.turnover == pytest.approx(3 / 3)


def test_funding_is_paid_by_what_was_held_in_the_bar():
    paths = _paths([0.0, 0.0, 0.0], funding=np.array([[9.0, 0.001, -0.002]]))
    profit = arithmetic_profit(np.array([[1.0, -1.0, 0.0]]), paths, 0.0)
    assert profit.mean == pytest.approx((-0.001 - 0.002) / 2)


@pytest.mark.parametrize("name", sorted(WORLDS))
@pytest.mark.parametrize("expected", [False, True])
def test_doing_nothing_earns_exactly_nothing(name, expected):
    paths = WORLDS[name].sample(100, np.random.default_rng(0), 3)
    profit = arithmetic_profit(np.zeros_like(paths.returns), paths, 5e-4, expected=expected)
    assert (profit.mean, profit.deviation, profit.turnover, profit.sharpe) == (0.0, 0.0, 0.0, 0.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.25, 0.5, 2.0]))
def test_profit_scales_mirrors_and_falls_with_cost(seed, scale):
    rng = np.random.default_rng(seed)
    paths = WORLDS["W1"].sample(60, rng, 4)
    positions = rng.uniform(-1, 1, (4, 60))
    profit = arithmetic_profit(positions, paths, 5e-4)
    assert arithmetic_profit(scale * positions, paths, 5e-4).mean == scale * profit.mean
    mirrored = WorldPaths(-paths.returns, paths.predictors, paths.signal, paths.drift)
    assert arithmetic_profit(-positions, mirrored, 5e-4).mean == profit.mean
    dearer = arithmetic_profit(positions, paths, 1e-3)
    assert dearer.mean == pytest.approx(profit.mean - 5e-4 * profit.turnover, abs=1e-15)


def test_no_profit_crosses_from_one_stream_to_the_next():
    paths = WORLDS["W3"].sample(50, np.random.default_rng(0), 2)
    positions = np.ones((2, 50))
    both = arithmetic_profit(positions, paths, 5e-4)
    alone = [
        arithmetic_profit(
            positions[:1],
            WorldPaths(*(getattr(paths, f)[s : s + 1] for f in ("returns", "predictors", "signal", "drift"))),
            5e-4,
        )
        for s in range(2)
    ]
    assert both.mean == pytest.approx(np.mean([p.mean for p in alone]), rel=1e-12)
    assert both.steps == sum(p.steps for p in alone)


@pytest.mark.parametrize("streams", [1, 16, 200])
def test_the_standard_error_covers_what_seeds_do(streams):
    """Realised profit of a constant position over many seeds scatters as the standard error says."""
    world = WORLDS["W0"]
    runs = []
    for seed in range(60):
        paths = world.sample(6400 // streams, np.random.default_rng(seed), streams)
        runs.append(arithmetic_profit(np.ones((streams, paths.bars)), paths, 0.0))
    scatter = np.std([r.mean for r in runs], ddof=1)
    assert 0.7 < np.mean([r.standard_error for r in runs]) / scatter < 1.4


def test_the_oracle_compared_with_itself_is_no_better():
    world = WORLDS["W3"]
    paths = world.sample(500, np.random.default_rng(0), 20)
    same = compare(world, world.optimal().positions(paths), paths)
    assert same.share == 1.0
    assert same.difference.mean == same.difference.standard_error == 0.0
    assert not same.too_good


def test_pairing_on_the_same_draws_tells_a_worse_policy_apart():
    world = WORLDS["W3"]
    paths = world.sample(2000, np.random.default_rng(0), 64)
    naive = compare(world, naive_sign(paths), paths, 1e-3)
    assert naive.difference.mean < -4 * naive.difference.standard_error
    assert naive.difference.standard_error < 0.7 * naive.policy.standard_error
    assert 0.8 < naive.share < 0.95
    assert not naive.too_good


def test_a_policy_that_knows_the_future_is_too_good():
    world = WORLDS["W3"]
    paths = world.sample(1000, np.random.default_rng(0), 20)
    seer = np.sign(np.roll(paths.returns, -1, axis=1))
    assert compare(world, seer, paths).too_good


def test_momentum_is_flat_until_it_has_its_lookback():
    paths = _paths([0.01, -0.03, 0.01, 0.05, -0.01])
    assert momentum(paths, 2)[0, :, 0].tolist() == [0, -1, -1, 1, 1]


def test_best_momentum_wants_enough_bars():
    with pytest.raises(DataError, match="sample more bars"):
        best_momentum(WORLDS["W4"].sample(4, np.random.default_rng(0)), 5e-4)


def test_positions_of_another_shape_or_with_holes_are_refused():
    paths = WORLDS["W1"].sample(10, np.random.default_rng(0))
    with pytest.raises(DataError, match="expected \\(1, 10, 1\\)"):
        arithmetic_profit(np.zeros((1, 9)), paths, 0.0)
    with pytest.raises(DataError, match="NaN"):
        arithmetic_profit(np.full((1, 10), np.nan), paths, 0.0)


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "W4", "W5", "W7"])
def test_deciding_step_by_step_is_deciding_along_the_path(name):
    world = WORLDS[name]
    paths = world.sample(200, np.random.default_rng(0), 3)
    oracle = world.optimal()
    held, steps = np.zeros((3, world.instruments)), []
    for t in range(paths.bars):
        held = oracle.decide(paths.signal[:, t], held)
        steps.append(held)
    assert np.array_equal(np.stack(steps, axis=1), oracle.positions(paths))
    assert oracle_on(world, paths).steps == 3 * 199
