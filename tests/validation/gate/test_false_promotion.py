"""How often the core of G2, (c) and (d), takes luck for skill, and skill for skill: two years of days, by Monte Carlo.

Days are independent and normal, or stormy. The page docs/validation.md shows the shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tradewind.statistics import DAYS_PER_YEAR
from tradewind.validation.gate.measures import daily_sharpe
from tradewind.validation.gate.skill import choice, deflated
from tradewind.validation.gate.thresholds import thresholds

LIMITS = thresholds().statistics
DAYS = 2 * DAYS_PER_YEAR
World = Callable[[np.random.Generator, list[float], float], NDArray[np.float64]]


def world(rng: np.random.Generator, sharpes: list[float], correlation: float = 0.0) -> NDArray[np.float64]:
    """[DAYS, N] normal returns of true annual Sharpe ratios."""
    own = rng.standard_normal((DAYS, len(sharpes)))
    shared = rng.standard_normal((DAYS, 1))
    mixed = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    return np.asarray(0.01 * (mixed + np.array(sharpes) / math.sqrt(DAYS_PER_YEAR)))


def storms(rng: np.random.Generator, sharpes: list[float], correlation: float = 0.0) -> NDArray[np.float64]:
    """The same by GARCH(1, 1) with shocks of t(5): calm and wild times, which all trials of a market share."""
    before = 200
    rows = DAYS + before
    own, shared = rng.standard_normal((rows, len(sharpes))), rng.standard_normal((rows, 1))
    heavy = np.sqrt(3 / rng.chisquare(5, (rows, 1)))
    market = heavy[:, 0] * rng.standard_normal(rows)
    variance = np.ones(rows)
    for t in range(1, rows):
        variance[t] = 0.02 + (0.10 * market[t - 1] ** 2 + 0.88) * variance[t - 1]
    mixed = heavy * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own)
    days = (mixed * np.sqrt(variance)[:, None])[before:]
    return np.asarray(0.01 * (days + np.array(sharpes) / math.sqrt(DAYS_PER_YEAR)))


def promotes(trials: NDArray[np.float64]) -> bool:
    """Whether the best of the trials passes (c) and (d)."""
    sharpes = np.array([daily_sharpe(one) for one in trials.T])
    best = trials[:, int(sharpes.argmax())]
    luck = deflated(best[None], len(sharpes), float(sharpes.var(ddof=1)), LIMITS)
    return luck.holds and all(one.holds for one in choice(trials, LIMITS))


def share(
    seed: int, repeats: int, sharpes: list[float], correlation: float = 0.0, made: World = world
) -> float:
    rng = np.random.default_rng(seed)
    return sum(promotes(made(rng, sharpes, correlation)) for _ in range(repeats)) / repeats


def test_noise_is_not_promoted_and_a_family_with_an_edge_is() -> None:
    assert share(1, 12, [0.0] * 10) == 0
    assert share(2, 4, [3.0] * 20, correlation=0.8) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("configurations", "most"), [(10, 0.002), (50, 0.005)])
def test_independent_noise_is_all_but_never_promoted(configurations: int, most: float) -> None:
    assert share(3, 1000, [0.0] * configurations) <= most


@pytest.mark.slow
def test_variants_of_one_noise_are_promoted_in_one_case_of_twenty() -> None:
    """They amount to one trial: what is left is the level of the test, 4.8 % expected, with an error of 1 %."""
    assert share(5, 500, [0.0] * 20, correlation=0.95) == pytest.approx(0.048, abs=0.03)


@pytest.mark.slow
def test_one_skilled_of_twenty_is_promoted_about_every_other_time() -> None:
    """46 % expected; over 300 repeats its standard error is 3 %."""
    assert share(4, 300, [3.0] + [0.0] * 19) == pytest.approx(0.46, abs=0.09)


@pytest.mark.slow
def test_storms_promote_no_more_noise() -> None:
    assert share(3, 500, [0.0] * 50, made=storms) <= 0.01
    assert share(5, 500, [0.0] * 20, 0.95, storms) == pytest.approx(0.048, abs=0.03)
