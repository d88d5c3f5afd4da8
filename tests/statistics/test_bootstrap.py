from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradewind.market.errors import DataError
from tradewind.statistics import (
    Undefined,
    sharpe,
    sharpe_difference,
    sharpe_gap,
    sharpe_interval,
    stationary_indices,
)
from tradewind.statistics.bootstrap import block_length


@given(some.integers(1, 60), some.integers(1, 8), some.floats(1, 20), some.integers(0, 99))
def test_every_row_drawn_exists(length, draws, block, seed):
    rows = stationary_indices(length, draws, np.random.default_rng(seed), block)
    assert rows.shape == (draws, length)
    assert rows.min() >= 0
    assert rows.max() < length


def test_blocks_have_the_mean_length_asked_for():
    rows = stationary_indices(1000, 200, np.random.default_rng(1), block=8)
    breaks = (np.diff(rows, axis=1) % 1000 != 1).mean()
    assert 1 / breaks == pytest.approx(8, rel=0.03)


def test_every_row_is_drawn_equally_often():
    rows = stationary_indices(20, 20_000, np.random.default_rng(2), block=3)
    assert np.bincount(rows.ravel()) / rows.size == pytest.approx(np.full(20, 0.05), rel=0.03)


def test_the_same_seed_draws_the_same_and_another_does_not():
    returns = np.random.default_rng(0).normal(0.001, 0.02, 200)
    one, same = (sharpe_interval(returns, np.random.default_rng(5)) for _ in range(2))
    assert one == same
    assert one != sharpe_interval(returns, np.random.default_rng(6))


def test_long_curves_are_drawn_in_batches_and_give_the_same_kind_of_interval():
    returns = np.random.default_rng(0).normal(0.001, 0.02, 3000)
    interval = sharpe_interval(returns, np.random.default_rng(0), draws=700)
    error = math.sqrt(365 / 3000)
    assert interval.value == pytest.approx(sharpe(returns))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_the_interval_covers_the_true_sharpe_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    truth = 0.05 * math.sqrt(365)
    hits = 0
    for _ in range(200):
        interval = sharpe_interval(rng.normal(0.001, 0.02, 250), rng, draws=300)
        hits += interval.low <= truth <= interval.high
    assert 0.86 <= hits / 200 <= 0.99


def test_a_curve_does_not_differ_from_itself():
    returns = np.random.default_rng(0).normal(0.001, 0.02, 200)
    difference = sharpe_difference(returns, returns, np.random.default_rng(0))
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_a_better_twin_is_seen_through_common_noise():
    noise = np.random.default_rng(0).normal(0, 0.02, 300)
    difference = sharpe_difference(noise + 0.001, noise, np.random.default_rng(0))
    assert difference.low > 0
    assert sharpe_interval(noise + 0.001, np.random.default_rng(0)).low < 0  # alone, noise hides it


def test_two_spans_differ_as_two_samples_do():
    rng = np.random.default_rng(4)
    one, other = 0.01 * rng.standard_normal(700) + 0.001, 0.01 * rng.standard_normal(200)
    gap = sharpe_gap(one, other, np.random.default_rng(0), draws=4000)
    assert gap.value == sharpe(one) - sharpe(other)
    expected = 2 * 1.96 * math.sqrt(365 * (1 / 700 + 1 / 200))
    assert gap.high - gap.low == pytest.approx(expected, rel=0.1)
    assert gap.low < gap.value < gap.high


def test_one_day_that_moved_is_no_sample():
    returns = np.zeros(40)
    returns[7] = 0.05
    with pytest.raises(Undefined, match="too few days moved"):
        sharpe_interval(returns, np.random.default_rng(0))


def test_what_cannot_be_drawn_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(DataError):
        stationary_indices(0, 5, rng)
    with pytest.raises(DataError):
        stationary_indices(5, 5, rng, block=0.5)
    with pytest.raises(DataError, match="same days"):
        sharpe_difference(rng.normal(size=30), rng.normal(size=31), rng)
    with pytest.raises(DataError, match="confidence"):
        sharpe_interval(rng.normal(size=30), rng, confidence=95)


def test_the_mean_block_is_the_cube_root():
    assert block_length(1000) == pytest.approx(10)
    assert block_length(1) == 1
