"""Other data joins by the time it became available."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.features import asof, asof_join
from tradewind.market import DataError

STEP = 300_000


def test_a_value_shows_from_the_first_close_at_or_after_its_availability(make_market: Any) -> None:
    market = make_market(1, rows=6, width=1)
    closes = market.close_time
    available = np.array([closes[1], closes[2] + 1, closes[4] - 1])
    joined = asof_join(market, available, np.array([0.1, 0.2, 0.3]))
    assert np.array_equal(joined, [np.nan, 0.1, 0.1, 0.2, 0.3, 0.3], equal_nan=True)


def test_a_day_is_not_known_while_it_lasts(make_market: Any) -> None:
    market = make_market(2, rows=600, width=1, start=1_700_006_400_000)
    day = 86_400_000
    midnight = (int(market.open_time[0]) // day + 1) * day
    joined = asof_join(market, np.array([midnight + 3_600_000]), np.array([0.5]))
    first = int(np.isfinite(joined).argmax())
    assert market.close_time[first] == midnight + 3_600_000
    assert np.isnan(joined[:first]).all()


@given(
    events=st.lists(st.tuples(st.integers(0, 40), st.floats(-1, 1)), max_size=20),
    at=st.lists(st.integers(0, 45), min_size=1, max_size=20),
    age=st.none() | st.integers(0, 20),
)
def test_it_is_the_newest_of_what_was_available(
    events: list[tuple[int, float]], at: list[int], age: int | None
) -> None:
    times = np.array([when for when, _ in events], np.int64)
    values = np.array([value for _, value in events])
    joined = asof(np.array(at), times, values, age)
    for moment, got in zip(at, joined):
        known = [(when, k) for k, (when, _) in enumerate(events) if when <= moment]
        newest = max(known, default=None)
        if newest is None or (age is not None and moment - newest[0] > age):
            assert np.isnan(got)
        else:
            assert got == events[newest[1]][1]


@given(st.integers(0, 50), st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_what_becomes_available_later_changes_nothing(moment: int, times: list[int]) -> None:
    available = np.array(times, np.int64)
    values = np.arange(len(times), dtype=float)
    later = available > moment
    whole = asof(np.array([moment]), available, values)
    past = asof(np.array([moment]), available[~later], values[~later])
    altered = asof(np.array([moment]), available, np.where(later, -99.0, values))
    assert np.array_equal(whole, past, equal_nan=True)
    assert np.array_equal(whole, altered, equal_nan=True)


def test_several_columns_join_at_once(make_market: Any) -> None:
    market = make_market(3, rows=3, width=1)
    joined = asof_join(market, market.close_time[:2], np.array([[1.0, np.nan], [2.0, 5.0]]))
    assert np.array_equal(joined, [[1.0, np.nan], [2.0, 5.0], [2.0, 5.0]], equal_nan=True)


def test_unequal_lengths_and_a_negative_age_are_refused(make_market: Any) -> None:
    market = make_market(4, rows=3, width=1)
    with pytest.raises(DataError, match="2 values came with 1 availability times"):
        asof_join(market, np.array([0]), np.array([1.0, 2.0]))
    with pytest.raises(DataError, match="max_age_ms is -1"):
        asof_join(market, np.array([0]), np.array([1.0]), max_age_ms=-1)
