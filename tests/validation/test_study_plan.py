"""What a study costs and could prove, before it is run."""

from __future__ import annotations

import math

import pytest

from tradewind.statistics import dsr
from tradewind.validation.study.plan import least_sharpe


@pytest.mark.parametrize(("days", "configurations"), [(100, 2), (536, 30), (1825, 45), (3650, 1)])
def test_the_least_sharpe_is_where_the_deflated_ratio_reaches_its_threshold(
    days: int, configurations: int
) -> None:
    least = least_sharpe(days, configurations)
    assert least is not None

    def deflated(annual: float) -> float:
        return dsr(annual / math.sqrt(365), days, 0.0, 3.0, configurations, 1 / days)

    assert deflated(least) == pytest.approx(0.95, abs=1e-6)
    assert deflated(least - 0.01) < 0.95


def test_one_configuration_over_two_years_and_more() -> None:
    """MinTRL of an annual Sharpe of 1 is 2.7 years: with as many days it is the least that shows."""
    assert least_sharpe(round(2.71 * 365), 1) == pytest.approx(1.0, abs=0.01)


def test_more_tries_and_fewer_days_ask_for_more() -> None:
    values = [
        least_sharpe(days, tried) or 0.0 for days, tried in ((1000, 1), (1000, 10), (1000, 100), (200, 100))
    ]
    assert values == sorted(values)
    assert values[0] < values[-1] / 3


def test_two_days_can_prove_nothing() -> None:
    assert least_sharpe(2, 10) is None
    assert least_sharpe(1, 10) is None
