"""G4: noise, regimes, instruments left out and the vault, at their limits and beyond."""

from __future__ import annotations

import numpy as np
import pytest

from tests.validation.gate.histories import DAYS, exact, robust
from tradewind.market import DataError
from tradewind.validation.gate.criterion import Outcome
from tradewind.validation.gate.robustness import leave_one_out, noise, regimes, robustness, vault
from tradewind.validation.gate.thresholds import thresholds

LIMITS, BOOTSTRAP = thresholds().robustness, thresholds().bootstrap.model_copy(update={"draws": 500})
PASSED, FAILED, UNDEFINED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDEFINED
LEAST = thresholds().economics.instruments


def test_an_edge_that_holds_passes_all_of_it() -> None:
    found = robustness(robust(), LIMITS, LEAST, BOOTSTRAP)
    assert [one.sentence for one in found if one.verdict is not PASSED] == []
    assert len(found) == 6


def test_noise_may_take_three_tenths() -> None:
    base = exact(2.0)
    assert noise("price jitter", base, exact(1.41), LIMITS).verdict is PASSED
    found = noise("price jitter", base, exact(1.39), LIMITS)
    assert (found.verdict, found.value) == (FAILED, pytest.approx(0.305))
    assert noise("price jitter", base, exact(2.5), LIMITS).value == pytest.approx(-0.25)
    assert noise("price jitter", exact(-1.0), exact(-2.0), LIMITS).verdict is UNDEFINED


def test_a_bad_regime_counts_once_it_lasts() -> None:
    daily = np.concatenate([exact(3, days=200), exact(-2, days=61)])
    names = ["calm"] * 200 + ["wild, falling"] * 61
    found = regimes(daily, names, LIMITS)
    assert (found.verdict, found.value) == (FAILED, pytest.approx(-2))
    assert "in wild, falling is -2" in found.sentence
    assert regimes(daily[:-1], names[:-1], LIMITS).value == pytest.approx(3)
    assert regimes(daily[-50:], names[-50:], LIMITS).verdict is UNDEFINED
    with pytest.raises(DataError, match="one each"):
        regimes(daily, names[1:], LIMITS)


def test_a_regime_of_days_that_do_not_vary_is_undefined() -> None:
    assert regimes(np.full(61, 0.01), ["calm"] * 61, LIMITS).verdict is UNDEFINED


def test_without_any_one_instrument() -> None:
    good = {"A": exact(1), "B": exact(0.5), "C": exact(2)}
    assert leave_one_out(good, 3, LEAST).value == pytest.approx(0.5)
    assert leave_one_out(good | {"B": exact(-0.01)}, 3, LEAST).verdict is FAILED
    assert leave_one_out(good, 4, LEAST).verdict is UNDEFINED
    assert leave_one_out({}, 2, LEAST).verdict is Outcome.NOT_APPLICABLE


def test_the_vault_agrees_with_development() -> None:
    base = exact(2.5)
    assert [one.verdict for one in vault(base, exact(1.5, days=180, seed=5), LIMITS, BOOTSTRAP)] == [
        PASSED,
        PASSED,
    ]


def test_an_edge_that_broke_at_the_vault_is_refused() -> None:
    found = vault(exact(2.5), exact(-2.5, days=180, seed=5), LIMITS, BOOTSTRAP)
    assert [one.verdict for one in found] == [FAILED, FAILED]
    assert found[1].value == pytest.approx(5.0)


def test_a_vault_that_is_shut_or_short_is_undefined() -> None:
    for kept in (np.empty(0), exact(2, days=19)):
        assert [one.verdict for one in vault(exact(2), kept, LIMITS, BOOTSTRAP)] == [UNDEFINED, UNDEFINED]


def test_equality_is_refused_about_as_often_as_its_level_says() -> None:
    """Development and vault of the same skill: 10 % is asked for, and short samples of a bootstrap cost a little."""
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(150):
        days = 0.01 * (rng.standard_normal(DAYS + 180) + 2.0 / np.sqrt(365))
        few = BOOTSTRAP.model_copy(update={"draws": 200})
        refused += vault(days[:DAYS], days[DAYS:], LIMITS, few)[1].verdict is FAILED
    assert 0.04 <= refused / 150 <= 0.20
