"""G3: costs, drawdown, months, instruments and capacity, at their limits and beyond."""

from __future__ import annotations

import numpy as np
import pytest

from tests.validation.gate.histories import DAY_MS, DAYS, economical, exact
from tradewind import statistics as st
from tradewind.validation.gate.criterion import Outcome
from tradewind.validation.gate.economics import (
    capacity,
    double_costs,
    drawdown,
    economics,
    edge_over_cost,
    instruments,
    months,
    triple_costs,
)
from tradewind.validation.gate.thresholds import thresholds

LIMITS, BOOTSTRAP = thresholds().economics, thresholds().bootstrap.model_copy(update={"draws": 500})
PASSED, FAILED, UNDEFINED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDEFINED


def test_an_edge_that_pays_passes_all_of_it() -> None:
    found = economics(economical(), LIMITS, BOOTSTRAP)
    assert [one.sentence for one in found if one.verdict is not PASSED] == []
    assert len(found) == 7


def test_higher_costs() -> None:
    assert double_costs(exact(0.7), LIMITS).verdict is PASSED
    assert double_costs(exact(0.5), LIMITS).verdict is FAILED
    assert double_costs(exact(5, days=10), LIMITS).verdict is UNDEFINED
    a_year = np.full(365, 0.76 ** (1 / 365) - 1)
    assert triple_costs(a_year, LIMITS).value == pytest.approx(-0.24)
    assert triple_costs(a_year, LIMITS).verdict is PASSED
    assert triple_costs(np.full(365, 0.74 ** (1 / 365) - 1), LIMITS).verdict is FAILED
    assert triple_costs(np.where(np.arange(365) == 9, -1.0, 0.01), LIMITS).value == -1.0


@pytest.mark.parametrize(
    ("edge", "cost", "verdict"),
    [
        (9, 6, PASSED),
        (8.9, 6, FAILED),
        (-1, 6, FAILED),
        (9, 0, UNDEFINED),
        (None, 6, UNDEFINED),
        (9, None, UNDEFINED),
    ],
)
def test_the_edge_is_wider_than_its_cost(edge: float | None, cost: float | None, verdict: Outcome) -> None:
    assert edge_over_cost(edge, cost, LIMITS).verdict is verdict


def test_the_drawdown_of_resampled_histories() -> None:
    losing_a_tenth_once = np.where(np.arange(DAYS) == 300, -0.1, 0.0)
    found = drawdown(losing_a_tenth_once, None, LIMITS, BOOTSTRAP)
    # drawn several times in a history, not once
    assert any(found.value == pytest.approx(1 - 0.9**n) for n in range(2, 6))
    wild = exact(1.0, deviation=0.04)
    assert drawdown(wild, None, LIMITS, BOOTSTRAP).verdict is FAILED
    assert drawdown(wild, 0.9, LIMITS, BOOTSTRAP).verdict is PASSED
    assert drawdown(np.where(np.arange(DAYS) % 9 == 0, -1.0, 0.1), None, LIMITS, BOOTSTRAP).value == 1.0


def test_no_month_carries_the_whole() -> None:
    day = np.arange(90) * DAY_MS  # January, February, March 1970
    daily = np.zeros(90)
    daily[[5, 40]] = 0.02
    found = months(day, daily, LIMITS)
    assert (found.value, found.verdict) == (0.5, PASSED)
    daily[6] = 0.001
    assert months(day, daily, LIMITS).verdict is FAILED
    assert months(day, -daily, LIMITS).verdict is FAILED


def test_no_instrument_carries_the_whole() -> None:
    assert instruments({"A": 1, "B": 1, "C": 0}, LIMITS).value == 0.5
    assert instruments({"A": 2, "B": 1, "C": 0.5}, LIMITS).verdict is FAILED
    assert instruments({"A": 1, "B": 1, "C": -3}, LIMITS).verdict is FAILED
    assert instruments({"A": 1, "B": 0}, LIMITS).verdict is Outcome.NOT_APPLICABLE


def test_capacity() -> None:
    assert [capacity(x, True, LIMITS).verdict for x in (3.0, 2.9, None)] == [PASSED, FAILED, UNDEFINED]
    assert capacity(None, False, LIMITS).verdict is Outcome.NOT_APPLICABLE


def test_double_costs_are_judged_by_psr() -> None:
    assert double_costs(exact(0.7), LIMITS).value == st.psr_of(exact(0.7))
