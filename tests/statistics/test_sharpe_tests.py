"""The values are those printed in Bailey and Lopez de Prado's papers on PSR (2012) and DSR (2014)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradewind.market.errors import DataError
from tradewind.statistics import Undefined, dsr, expected_maximum, min_trl, psr

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


def test_what_no_track_record_can_show_is_refused():
    with pytest.raises(Undefined, match="never shows itself"):
        min_trl(-0.1, 0, 3)
    with pytest.raises(Undefined, match="too few observations"):
        psr(0.1, 1, 0, 3)
    with pytest.raises(Undefined, match="no variance"):
        psr(1.0, 100, 2.0, 5.0)
    for call in (
        lambda: expected_maximum(0),
        lambda: dsr(0.1, 9, 0, 3, 2, -1),
        lambda: min_trl(1, 0, 3, 0, 95),
    ):
        with pytest.raises(DataError):
            call()
