from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import trim_mean

from tradewind.market.errors import DataError
from tradewind.statistics import Undefined, iqm, iqm_interval


def test_the_middle_half():
    assert iqm(np.array([100.0, 1, 2, 3, -50, 4, 5, 6])) == pytest.approx(3.5)  # 2, 3, 4, 5
    assert iqm(np.array([7.0])) == 7
    assert iqm(np.array([[1.0, 9], [2, 3]])) == pytest.approx(2.5)


@given(some.lists(some.floats(-100, 100), min_size=1, max_size=40))
def test_it_is_the_trimmed_mean_of_scipy(scores):
    assert iqm(np.array(scores)) == pytest.approx(trim_mean(scores, 0.25), abs=1e-9)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = iqm_interval(rng.normal(1.0, 0.5, (10, 4)), rng, draws=300)
        hits += found.low <= 1.0 <= found.high
    assert 0.85 <= hits / 200 <= 0.99


def test_seeds_are_drawn_within_their_stratum():
    # Between folds there is a world of difference, between seeds none: nothing is uncertain.
    scores = np.tile([-5.0, 0, 1, 30], (6, 1))
    found = iqm_interval(scores, np.random.default_rng(0))
    assert found.low == found.high == found.value == pytest.approx(0.5)


def test_more_seeds_tell_more():
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 1, 40)
    few, many = iqm_interval(scores[:5], rng), iqm_interval(scores, rng)
    assert many.high - many.low < few.high - few.low


def test_what_says_nothing_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(Undefined, match="one seed"):
        iqm_interval(np.array([1.0]), rng)
    with pytest.raises(DataError, match="finite"):
        iqm(np.array([1.0, np.nan]))
    with pytest.raises(DataError, match="confidence"):
        iqm_interval(np.array([1.0, 2]), rng, confidence=95)
