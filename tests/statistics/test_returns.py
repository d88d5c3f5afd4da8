from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tradewind.market.errors import DataError
from tradewind.statistics import DAY_MS, Undefined, daily_returns, monthly_returns, net_return, simple_returns
from tradewind.statistics.returns import utc

HOUR_MS = 3_600_000

curves = some.lists(some.floats(1.0, 1e6), min_size=2, max_size=200).map(np.array)


def ms(text: str) -> int:
    return int(np.datetime64(text, "ms").astype(np.int64))


def hours(count: int, start: int = 0) -> np.ndarray:
    return start + HOUR_MS * np.arange(count, dtype=np.int64)


def test_a_return_is_the_later_mark_over_the_earlier():
    assert simple_returns(np.array([100.0, 110.0, 99.0])) == pytest.approx([0.1, -0.1])


def test_a_loss_of_half_is_minus_one_half_and_not_its_inverse():
    assert simple_returns(np.array([100.0, 50.0])) == pytest.approx([-0.5])


def test_ruin_is_minus_one_once_and_nothing_after():
    assert simple_returns(np.array([100.0, -5.0, -7.0, 0.0])).tolist() == [-1.0, 0.0, 0.0]


def test_an_account_that_comes_back_from_ruin_is_refused():
    with pytest.raises(DataError, match="positive later"):
        simple_returns(np.array([100.0, 0.0, 20.0]))


@pytest.mark.parametrize("equity", [[], [[1.0]], [1.0, np.nan], [1.0, np.inf], [0.0, 1.0], [-1.0, 1.0]])
def test_what_is_no_equity_curve_is_refused(equity):
    with pytest.raises(DataError):
        simple_returns(np.array(equity))


def test_the_mark_at_midnight_is_the_last_of_the_day_before():
    times = np.array([ms("2026-01-01T12"), ms("2026-01-02T00"), ms("2026-01-02T12"), ms("2026-01-03T00")])
    daily = daily_returns(times, np.array([100.0, 110.0, 50.0, 121.0]))
    assert [str(utc(int(d)).date()) for d in daily.day] == ["2026-01-01", "2026-01-02"]
    assert daily.value == pytest.approx([0.1, 0.1])


def test_a_start_at_midnight_makes_no_day_of_its_own():
    times = hours(49, ms("2026-01-02"))
    daily = daily_returns(times, np.linspace(100, 148, 49))
    assert [str(utc(int(d)).date()) for d in daily.day] == ["2026-01-02", "2026-01-03"]
    assert daily.value == pytest.approx([0.24, 24 / 124])


def test_a_day_without_marks_has_no_row():
    times = np.array([0, DAY_MS, 2 * DAY_MS, 9 * DAY_MS, 9 * DAY_MS + HOUR_MS])
    daily = daily_returns(times, np.array([100.0, 110.0, 121.0, 121.0, 133.1]))
    assert (daily.day // DAY_MS).tolist() == [0, 1, 8, 9]
    assert daily.value == pytest.approx([0.1, 0.1, 0.0, 0.1])


def test_bars_longer_than_a_day_have_no_daily_returns():
    with pytest.raises(Undefined, match="longer than a day"):
        daily_returns(np.arange(5, dtype=np.int64) * 7 * DAY_MS, np.full(5, 1.0))


def test_one_mark_has_no_return():
    with pytest.raises(Undefined, match="one mark"):
        daily_returns(hours(1), np.array([1.0]))


def test_times_that_do_not_increase_are_refused():
    with pytest.raises(DataError, match="increase"):
        daily_returns(np.array([0, 5, 5]), np.array([1.0, 2.0, 3.0]))
    with pytest.raises(DataError, match="one each"):
        daily_returns(np.array([0, 5]), np.array([1.0, 2.0, 3.0]))


def test_the_mark_at_midnight_on_the_first_belongs_to_the_old_month():
    times = np.array([ms("2025-12-30T12"), ms("2026-01-01T00"), ms("2026-01-01T01"), ms("2026-02-01T00")])
    months = monthly_returns(times, np.array([100.0, 150.0, 75.0, 165.0]))
    assert [(m.year, m.month) for m in months] == [(2025, 12), (2026, 1)]
    assert [m.value for m in months] == pytest.approx([0.5, 0.1])


@given(curves, some.integers(0, 10**12), some.sampled_from([300_000, HOUR_MS, DAY_MS]))
def test_days_and_months_compound_to_the_net_return(equity, start, step):
    times = start + step * np.arange(len(equity), dtype=np.int64)
    net = 1 + net_return(equity)
    assert np.prod(1 + daily_returns(times, equity).value) == pytest.approx(net, rel=1e-9)
    assert np.prod([1 + m.value for m in monthly_returns(times, equity)]) == pytest.approx(net, rel=1e-9)


@settings(max_examples=50)
@given(curves, some.floats(1e-3, 1e9))
def test_returns_do_not_depend_on_the_unit_of_money(equity, unit):
    assert simple_returns(equity * unit) == pytest.approx(simple_returns(equity), rel=1e-9, abs=1e-12)
