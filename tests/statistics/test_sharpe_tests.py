"""The values are those printed in Bailey and Lopez de Prado's papers on PSR (2012) and DSR (2014)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradewind.market.errors import DataError
from tradewind.statistics import (
    Undefined,
    dsr,
    effective_trials,
    expected_maximum,
    family_psr,
    kurtosis,
    lucky_trl,
    min_btl,
    min_trl,
    psr,
    psr_of,
    sharpe_per_day,
    skew,
)

DAILY_SHARPE = 2.5 / math.sqrt(250)
DAILY_VARIANCE = 0.5 / 250


@pytest.mark.parametrize(
    ("trials", "value"),
    [(1, 0), (10, 1.57460), (45, 2.23564), (50, 2.27630), (100, 2.53060), (1000, 3.25512)],
)
def test_expected_maximum(trials, value):
    assert expected_maximum(trials) == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize(
    ("months", "skew", "kurtosis", "value"),
    [(24, 0, 3, 0.982), (24, -2.448, 10.164, 0.913), (36, -2.448, 10.164, 0.953)],
)
def test_psr_of_the_paper(months, skew, kurtosis, value):
    assert psr(0.458, months, skew, kurtosis) == pytest.approx(value, abs=6e-4)  # 0.458 is rounded too


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "value"), [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)]
)
def test_dsr_of_the_paper(trials, skew, kurtosis, value):
    assert dsr(DAILY_SHARPE, 1250, skew, kurtosis, trials, DAILY_VARIANCE) == pytest.approx(value, abs=5e-5)


def test_the_bar_that_luck_sets_in_the_paper():
    assert math.sqrt(DAILY_VARIANCE) * expected_maximum(100) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("periods", "skew", "kurtosis", "years"),
    [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_min_trl_of_the_paper(periods, skew, kurtosis, years):
    root = math.sqrt(periods)
    assert min_trl(2 / root, skew, kurtosis, 1 / root) / periods == pytest.approx(years, abs=5e-3)


@pytest.mark.parametrize(("annual", "years"), [(0.5, 10.8), (1, 2.7), (2, 0.7)])
def test_years_to_tell_a_sharpe_from_zero(annual, years):
    assert min_trl(annual / math.sqrt(365), 0, 3) / 365 == pytest.approx(years, abs=0.05)


def test_dsr_of_one_trial_is_psr_against_zero():
    assert dsr(0.1, 500, -0.5, 5, 1, 0.002) == psr(0.1, 500, -0.5, 5)


@given(some.floats(0.02, 0.3), some.floats(-1, 1), some.floats(3, 9))
def test_psr_reaches_its_confidence_exactly_at_min_trl(sharpe, skew, kurtosis):
    assert psr(sharpe, min_trl(sharpe, skew, kurtosis), skew, kurtosis) == pytest.approx(0.95, abs=1e-9)


@given(some.floats(1, 1000), some.floats(1, 1000))
def test_more_trials_never_lower_the_bar(one, other):
    few, many = sorted((one, other))
    assert 0 <= expected_maximum(few) <= expected_maximum(many)


@pytest.mark.parametrize(("trials", "years"), [(45, 5.0), (7, 1.92), (10, 2.48)])
def test_min_btl_of_the_paper(trials, years):
    assert min_btl(trials) == pytest.approx(years, abs=5e-3)


def test_half_the_sharpe_takes_four_times_as_long():
    assert min_btl(45, 0.5) == pytest.approx(4 * min_btl(45))


SHAPES = some.floats(0.02, 0.3), some.floats(-1, 1), some.floats(3, 9)


@given(*SHAPES, some.integers(1, 500))
def test_a_record_of_that_length_is_beyond_luck(sharpe, skewed, tailed, trials):
    length = lucky_trl(sharpe, skewed, tailed, trials)
    assert dsr(sharpe, length, skewed, tailed, trials, 1 / length) == pytest.approx(0.95, abs=1e-9)


def test_trials_that_truly_differ_take_longer_and_may_take_for_ever():
    assert lucky_trl(0.1, 0, 3, 10, 0.001) > lucky_trl(0.1, 0, 3, 10) > lucky_trl(0.1, 0, 3, 1)
    with pytest.raises(Undefined, match=r"never shows itself above 0\.157"):
        lucky_trl(0.1, 0, 3, 10, 0.01)


def test_of_one_trial_it_is_min_trl():
    assert lucky_trl(0.1, -0.5, 5, 1) == pytest.approx(min_trl(0.1, -0.5, 5))


def test_the_best_of_fifty_without_skill_looks_like_skill_to_psr_and_not_to_dsr():
    rng, fooled, convinced = np.random.default_rng(3), 0, 0
    for _ in range(200):
        returns = rng.normal(0, 0.02, (730, 50))
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, sharpes.argmax()]
        fooled += psr_of(best) > 0.95
        convinced += psr_of(best, math.sqrt(sharpes.var(ddof=1)) * expected_maximum(50)) > 0.95
    assert fooled > 180
    assert convinced <= 4


def test_psr_of_returns_is_that_of_their_moments():
    returns = np.random.default_rng(0).normal(0.001, 0.01, 200)
    expected = psr(sharpe_per_day(returns), 200, skew(returns), kurtosis(returns), 0.02)
    assert psr_of(returns, 0.02) == expected


def test_the_family_is_its_equal_weight_average():
    returns = np.random.default_rng(1).normal(0, 0.01, (300, 8))
    returns += 0.0005 - returns.mean(axis=0)
    assert family_psr(returns) == psr_of(returns.mean(axis=1))
    assert family_psr(returns) > max(psr_of(one) for one in returns.T)  # eight small edges are one large one


def test_alike_trials_count_once_and_independent_ones_each():
    rng = np.random.default_rng(2)
    common, own = rng.normal(size=(5000, 1)), rng.normal(size=(5000, 20))
    assert effective_trials(own) == pytest.approx(20, abs=0.1)
    assert effective_trials(np.repeat(common, 20, axis=1)) == pytest.approx(1)
    assert effective_trials(np.sqrt(0.8) * common + np.sqrt(0.2) * own) == pytest.approx(4.8, abs=0.3)
    assert effective_trials(common) == 1
    assert effective_trials(np.hstack([common, -common])) == 2  # opposite bets are not fewer than two


def test_what_no_track_record_can_show_is_refused():
    with pytest.raises(Undefined, match="never shows itself"):
        min_trl(-0.1, 0, 3)
    with pytest.raises(Undefined, match="never shows itself"):
        lucky_trl(0, 0, 3, 5)
    with pytest.raises(Undefined, match="no correlation"):
        effective_trials(np.zeros((30, 2)))
    with pytest.raises(Undefined, match="too few observations"):
        psr(0.1, 1, 0, 3)
    with pytest.raises(Undefined, match="no variance"):
        psr(1.0, 100, 2.0, 5.0)
    for call in (
        lambda: expected_maximum(0),
        lambda: dsr(0.1, 9, 0, 3, 2, -1),
        lambda: min_trl(1, 0, 3, 0, 95),
        lambda: min_btl(10, 0),
        lambda: family_psr(np.zeros(30)),
        lambda: effective_trials(np.full((30, 2), np.nan)),
    ):
        with pytest.raises(DataError):
            call()
