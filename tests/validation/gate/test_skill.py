"""G2: each criterion at its limit and beyond; what cannot be measured never passes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.validation.gate.histories import BENCHMARKS, DAYS, TRIED, around, exact, skilled
from tradewind import statistics as st
from tradewind.market import DataError
from tradewind.validation.gate.criterion import Criterion, Outcome
from tradewind.validation.gate.facts import Tried
from tradewind.validation.gate.skill import beats_chance, choice, deflated, paths, seeds, skill, walk_forward
from tradewind.validation.gate.thresholds import thresholds

LIMITS, BOOTSTRAP = thresholds().statistics, thresholds().bootstrap.model_copy(update={"draws": 200})


def against(tried: Tried = TRIED, **changes: Any) -> dict[str, Outcome]:
    found = skill(skilled(**changes), tried, LIMITS, BOOTSTRAP)
    return {one.name: one.verdict for one in found if not one.holds}


def named(found: tuple[Criterion, ...]) -> dict[str, Criterion]:
    return {one.name: one for one in found}


def test_an_edge_passes_all_of_it() -> None:
    found = skill(skilled(), TRIED, LIMITS, BOOTSTRAP)
    assert [one.sentence for one in found if one.verdict is not Outcome.PASSED] == []
    assert [one.name[:3] for one in found] == [
        *["(a)"] * 4,
        "(b)",
        "(c)",
        *["(d)"] * 2,
        *["(e)"] * 3,
        *["(f)"] * 4,
        "(g)",
    ]


def test_paths_at_their_limits() -> None:
    values = np.array([exact(s, seed=n) for n, s in enumerate((-0.49, 0.5, 1.001, 2.0, 3.0))])
    found = named(paths(values, BENCHMARKS, LIMITS))
    assert all(one.verdict is Outcome.PASSED for one in found.values())
    assert found["(a) positive paths"].value == 0.8
    assert found["(a) best baseline"].value == pytest.approx(0.501)
    worse = named(paths(np.array([exact(s) for s in (-0.51, -0.1, 0.999, 2, 3)]), BENCHMARKS, LIMITS))
    assert [worse[f"(a) {name}"].verdict for name in ("median path", "positive paths", "worst path")] == [
        Outcome.FAILED
    ] * 3
    assert (
        worse["(a) median path"].sentence
        == "the Sharpe ratio of the median path is 0.999, expected at least 1"
    )


def test_a_better_baseline_or_none_is_in_the_way() -> None:
    values = np.array([exact(1.5)])
    assert (
        named(paths(values, {"buy and hold": exact(1.6)}, LIMITS))["(a) best baseline"].verdict
        is Outcome.FAILED
    )
    assert named(paths(values, {}, LIMITS))["(a) best baseline"].verdict is Outcome.UNDEFINED


def test_walk_forward_is_its_psr() -> None:
    good, bad = exact(1.2), exact(1.1)
    assert walk_forward(good, LIMITS).value == st.psr_of(good)
    assert [walk_forward(one, LIMITS).verdict for one in (good, bad)] == [Outcome.PASSED, Outcome.FAILED]
    assert walk_forward(exact(3, days=19), LIMITS).verdict is Outcome.UNDEFINED


def test_every_configuration_that_was_tried_weighs() -> None:
    path = exact(2.0)[None]
    one = deflated(path, 1, None, LIMITS)
    assert one.value == st.psr_of(path[0])
    many = deflated(path, 50, None, LIMITS)
    assert many.value == pytest.approx(st.psr_of(path[0], st.expected_maximum(50) / math.sqrt(DAYS)))
    assert (one.verdict, many.verdict) == (Outcome.PASSED, Outcome.FAILED)
    assert deflated(path, 0, None, LIMITS).verdict is Outcome.UNDEFINED


def test_the_middle_path_is_deflated_not_the_average() -> None:
    values = np.array([exact(s, seed=n) for n, s in enumerate((3.0, 1.0, 2.0, 2.5))])
    assert deflated(values, 1, None, LIMITS).value == st.psr_of(values[2])


def test_one_trial_or_the_same_bet_twice_is_undefined() -> None:
    for trials in (exact(3)[:, None], np.array([exact(3), 2 * exact(3)]).T, np.empty((DAYS, 0))):
        assert {one.verdict for one in choice(trials, LIMITS)} == {Outcome.UNDEFINED}


def test_noise_fails_the_choice() -> None:
    noise = 0.01 * np.random.default_rng(3).standard_normal((DAYS, 20))
    found = named(choice(noise, LIMITS))
    assert found["(d) chance of a loss"].verdict is Outcome.FAILED
    assert found["(d) PBO or family PSR"].verdict is Outcome.FAILED


def test_a_family_that_earns_needs_no_low_pbo() -> None:
    found = named(choice(around(2.5, 10, spread=0.0), LIMITS))
    pbo = found["(d) PBO or family PSR"]
    assert pbo.value is not None
    assert pbo.value > LIMITS.pbo
    assert pbo.verdict is Outcome.PASSED


def test_a_trial_that_never_traded_is_no_column() -> None:
    assert against(trials=np.hstack([around(2.5, 10), np.zeros((DAYS, 1))])) == {}
    assert set(against(trials=np.zeros((DAYS, 3)))) == {
        "(d) chance of a loss",
        "(d) PBO or family PSR",
        "(e) SPA",
    }


def test_a_benchmark_that_is_as_good_is_named() -> None:
    found = against(benchmarks=BENCHMARKS | {"momentum": exact(2.4, seed=9)})
    assert found == {"(e) SPA against momentum": Outcome.FAILED}


def test_seeds_at_their_limits() -> None:
    def verdicts(sharpes: tuple[float, ...]) -> list[str]:
        values = np.array([[exact(s, seed=n)] for n, s in enumerate(sharpes)])
        return [one.name for one in seeds(values, LIMITS, BOOTSTRAP) if not one.holds]

    assert verdicts((2.0,) * 8 + (-0.1, -0.1)) == []
    assert verdicts((2.0,) * 9) == ["(f) seeds"]
    assert verdicts((2.0,) * 7 + (-0.1,) * 3) == ["(f) positive seeds"]
    assert verdicts((0.2, 0.3, 0.5, 1, 1, 1, 1, 1, 4, 5)) == ["(f) spread of seeds"]
    assert verdicts((-1.0,) * 10) == ["(f) IQM of seeds", "(f) positive seeds", "(f) spread of seeds"]
    assert verdicts((2.0,)) == ["(f) seeds", "(f) IQM of seeds", "(f) spread of seeds"]


def test_random_policies_set_the_bar() -> None:
    path, drawn = exact(1.5)[None], np.linspace(-1, 1, 200)
    found = beats_chance(path, drawn, LIMITS)
    assert (found.verdict, found.threshold) == (Outcome.PASSED, pytest.approx(0.9))
    assert beats_chance(path, drawn + 1, LIMITS).verdict is Outcome.FAILED
    assert beats_chance(path, drawn[:199], LIMITS).verdict is Outcome.UNDEFINED


def test_what_is_no_return_is_refused() -> None:
    with pytest.raises(DataError, match="finite numbers of 2 dimensions"):
        paths(exact(1), BENCHMARKS, LIMITS)
    with pytest.raises(DataError, match="must be finite"):
        walk_forward(np.array([0.1, np.nan]), LIMITS)


def test_a_benchmark_on_other_days_is_refused() -> None:
    with pytest.raises(DataError, match="momentum: 729 days against 730 of the paths"):
        against(benchmarks=BENCHMARKS | {"momentum": exact(0.3)[1:]})
