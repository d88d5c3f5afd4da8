"""The logarithm of the reward is right to its last bits, and nothing for nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.simulator.logarithm import natural_log


@settings(deadline=None)  # the first call compiles
@given(st.floats(1e-6, 1e6) | st.floats(0.95, 1.05))
def test_it_equals_the_host_to_two_units_in_the_last_place(x: float) -> None:
    assert natural_log(x) == pytest.approx(math.log(x), rel=5e-16, abs=0.0)


def test_no_growth_is_exactly_zero() -> None:
    assert natural_log(1.0) == 0.0


@settings(deadline=None)  # the first call compiles
@given(st.floats(0.98, 1.02))
def test_it_is_monotone_where_the_series_change(x: float) -> None:
    assert natural_log(x) <= natural_log(x * (1.0 + 1e-12))
