from __future__ import annotations

import math

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from tradewind import statistics as st
from tradewind.market.errors import DataError
from tradewind.statistics import DAY_MS, Undefined

returns_of_days = some.lists(some.floats(-0.2, 0.2), min_size=20, max_size=120).map(np.array)
curves = some.lists(some.floats(1.0, 1e6), min_size=2, max_size=200).map(np.array)


@pytest.fixture(params=range(4))
def returns(request) -> np.ndarray:
    """Fat-tailed days, some of them flat."""
    rng = np.random.default_rng(request.param)
    days = 0.0005 + 0.02 * rng.standard_t(4, size=400)
    return np.where(rng.random(400) < 0.1, 0.0, np.clip(days, -0.5, 0.5))


def curve_of(returns: np.ndarray) -> np.ndarray:
    return 1000.0 * np.cumprod(np.append(1.0, 1 + returns))


def grown(returns: np.ndarray) -> float:
    return st.cagr(curve_of(returns), 0, len(returns) * DAY_MS)


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [
        (st.sharpe, lambda r: empyrical.sharpe_ratio(r, annualization=365)),
        (st.sortino, lambda r: empyrical.sortino_ratio(r, annualization=365)),
        (st.volatility, lambda r: empyrical.annual_volatility(r, annualization=365)),
        (st.value_at_risk, lambda r: empyrical.value_at_risk(r, 0.05)),
        (st.expected_shortfall, lambda r: empyrical.conditional_value_at_risk(r, 0.05)),
        (lambda r: st.net_return(curve_of(r)), empyrical.cum_returns_final),
        (lambda r: -st.max_drawdown(curve_of(r)).fraction, empyrical.max_drawdown),
        (grown, lambda r: empyrical.annual_return(r, annualization=365)),
        (
            lambda r: st.calmar(grown(r), st.max_drawdown(curve_of(r))),
            lambda r: empyrical.calmar_ratio(r, annualization=365),
        ),
        (st.skew, stats.skew),
        (st.kurtosis, lambda r: stats.kurtosis(r, fisher=False)),
    ],
    ids=[
        "sharpe",
        "sortino",
        "volatility",
        "var",
        "cvar",
        "net",
        "drawdown",
        "cagr",
        "calmar",
        "skew",
        "kurtosis",
    ],
)
def test_figures_equal_the_oracle(ours, oracle, returns):
    assert ours(returns) == pytest.approx(float(oracle(returns)), rel=1e-9)


def test_beta_and_alpha_equal_a_least_squares_line(returns):
    rng = np.random.default_rng(9)
    other = 0.5 * returns + 0.01 * rng.normal(size=len(returns))
    line = stats.linregress(returns, other)
    alpha, beta, correlation = st.regression(other, returns)
    assert (alpha, beta, correlation) == pytest.approx((line.intercept * 365, line.slope, line.rvalue))


def test_sharpe_by_hand():
    returns = np.tile([0.03, -0.01], 10)  # mean 0.01, squared deviations 0.0004 each
    assert st.sharpe(returns) == pytest.approx(0.01 / math.sqrt(0.0004 * 20 / 19) * math.sqrt(365))


def test_sortino_counts_every_day_in_the_downside():
    returns = np.tile([0.03, -0.01], 10)
    assert st.sortino(returns) == pytest.approx(0.01 / math.sqrt(0.0001 / 2) * math.sqrt(365))


@given(curves, some.floats(20, 3000))
def test_the_annual_return_has_the_sign_of_the_net_return(equity, days):
    try:
        annual = st.cagr(equity, 0, int(days * DAY_MS))
    except Undefined:
        assert equity[-1] > equity[0]  # a gain too large to annualise
        return
    assert np.sign(annual) == np.sign(st.net_return(equity))


def test_a_halved_buy_and_hold_has_a_negative_annual_return_and_sharpe():
    equity = 1000.0 * np.cumprod(np.append(1.0, np.tile([0.96, 1.01], 25)))
    assert st.net_return(equity) < -0.5
    assert st.cagr(equity, 0, 50 * DAY_MS) < -0.5
    assert st.sharpe(st.simple_returns(equity)) < 0


def test_one_year_of_growth_is_its_own_annual_rate():
    assert st.cagr(np.array([100.0, 121.0]), 0, 365 * DAY_MS) == pytest.approx(0.21)
    assert st.cagr(np.array([100.0, 121.0]), 0, 730 * DAY_MS) == pytest.approx(0.10)


def test_a_ruined_account_loses_all_a_year():
    assert st.cagr(np.array([100.0, -3.0]), 0, 100 * DAY_MS) == -1.0


@given(returns_of_days, some.floats(1e-3, 1e9))
def test_no_figure_depends_on_the_unit_of_money(returns, unit):
    equity = curve_of(returns)
    scaled = equity * unit
    for figure in (st.sharpe, st.sortino, st.volatility, st.skew, st.kurtosis, st.value_at_risk):
        assert outcome(figure, st.simple_returns(scaled)) == pytest.approx(
            outcome(figure, st.simple_returns(equity)), rel=1e-4, abs=1e-9, nan_ok=True
        )
    assert st.max_drawdown(scaled).fraction == pytest.approx(st.max_drawdown(equity).fraction, abs=1e-12)


def outcome(figure, returns) -> float:
    try:
        return figure(np.round(returns, 12))  # the rounding of the unit itself is not the subject
    except Undefined:
        return math.nan


@pytest.mark.parametrize("figure", [st.sharpe, st.sortino, st.volatility, st.value_at_risk, st.kurtosis])
def test_too_few_days_are_refused_with_both_numbers(figure):
    with pytest.raises(Undefined, match="too few days: 3, needs 20"):
        figure(np.array([0.01, 0.02, -0.01]))


def test_too_short_a_span_has_no_annual_return():
    with pytest.raises(Undefined, match="too few days: 3, needs 20"):
        st.cagr(np.array([1.0, 2.0]), 0, 3 * DAY_MS)


@pytest.mark.parametrize("level", [0.0, 0.01, -0.3])
def test_returns_that_do_not_vary_have_no_sharpe(level):
    equity = 1000 * (1 + level) ** np.arange(31)
    for figure in (st.sharpe, st.skew, st.kurtosis):
        with pytest.raises(Undefined, match="do not vary"):
            figure(st.simple_returns(equity))


def test_without_a_losing_day_there_is_no_sortino_and_without_a_fall_no_calmar():
    rising = np.linspace(0.001, 0.02, 30)
    with pytest.raises(Undefined, match="no day lost"):
        st.sortino(rising)
    with pytest.raises(Undefined, match="never fell"):
        st.calmar(0.5, st.max_drawdown(curve_of(rising)))


def test_nan_among_returns_is_refused_and_not_dropped():
    returns = np.full(30, 0.01)
    returns[4] = np.nan
    with pytest.raises(DataError):
        st.sharpe(returns)


def test_the_deepest_drawdown_with_its_rows():
    fall = st.max_drawdown(np.array([100.0, 120.0, 90.0, 110.0, 120.0, 119.0, 130.0]))
    assert (fall.fraction, fall.peak, fall.bottom, fall.recovery, fall.bars) == (0.25, 1, 2, 4, 3)


def test_a_drawdown_that_lasts_is_counted_to_the_end():
    fall = st.max_drawdown(np.array([100.0, 80.0, 90.0, 95.0]))
    assert (fall.peak, fall.bottom, fall.recovery, fall.bars) == (0, 1, None, 3)


def test_ruin_is_a_drawdown_of_everything():
    assert st.max_drawdown(np.array([100.0, 110.0, -20.0])).fraction == 1.0


def test_a_rising_curve_has_no_drawdown():
    fall = st.max_drawdown(np.array([1.0, 2.0, 3.0]))
    assert (fall.fraction, fall.bars) == (0.0, 0)
    assert st.longest_under_water(np.array([1.0, 2.0, 2.0, 3.0])) == (0, 0)


@pytest.mark.parametrize(
    ("equity", "rows"),
    [
        ([10, 9, 10, 8, 9, 9.5, 11, 10], (2, 6)),
        ([10, 9, 8, 7], (0, 3)),
        ([10, 9], (0, 1)),
        ([10, 9, 10, 11, 10.5], (0, 2)),
        ([5.0], (0, 0)),
    ],
)
def test_the_longest_time_under_water(equity, rows):
    assert st.longest_under_water(np.array(equity, dtype=float)) == rows
