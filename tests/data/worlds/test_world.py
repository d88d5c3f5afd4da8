from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tradewind.data.worlds import DEMO, WORLDS, find_world
from tradewind.market import ConfigError

ALL = {**WORLDS, "demo": DEMO}
HONEST = sorted(set(ALL) - {"W8"})
SEEN = ("predictors", "signal", "returns")


def _disturbed(world, bars, at):
    """The same world twice, the second with other noise after bar `at`."""
    noise = world.noise(bars, np.random.default_rng(1), 3)
    other = noise.copy()
    other[:, world.lead + at + 1 :] = world.noise(bars, np.random.default_rng(2), 3)[:, world.lead + at + 1 :]
    return world.evolve(noise), world.evolve(other)


@pytest.mark.parametrize("name", HONEST)
def test_another_future_changes_nothing_that_is_known(name):
    one, other = _disturbed(ALL[name], 300, 200)
    for field in (*SEEN, "drift"):
        assert np.array_equal(getattr(one, field)[:, :201], getattr(other, field)[:, :201]), field
    assert not np.array_equal(one.returns[:, 201:], other.returns[:, 201:])
    if one.funding is not None:
        assert np.array_equal(one.funding[:, :202], other.funding[:, :202])


def test_the_leak_is_caught_by_the_same_test():
    one, other = _disturbed(WORLDS["W8"], 300, 200)
    assert np.array_equal(one.predictors[:, :200], other.predictors[:, :200])
    assert not np.array_equal(one.predictors[:, 200], other.predictors[:, 200])
    np.testing.assert_array_equal(one.signal[:, :-1], one.returns[:, 1:])


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_same_seed_gives_the_same_bits(name):
    one, two = (ALL[name].sample(200, np.random.default_rng(9), 3) for _ in range(2))
    other = ALL[name].sample(200, np.random.default_rng(10), 3)
    for field in SEEN:
        assert np.array_equal(getattr(one, field), getattr(two, field))
    assert not np.array_equal(one.returns, other.returns)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"W9"}))
def test_a_longer_path_begins_with_the_shorter_one(name):
    short, long = (ALL[name].sample(bars, np.random.default_rng(9), 2) for bars in (150, 300))
    for field in SEEN:
        assert np.array_equal(getattr(short, field), getattr(long, field)[:, :150])


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_stream_is_the_same_however_many_there_are(name):
    few, many = (ALL[name].sample(100, np.random.default_rng(9), streams) for streams in (2, 5))
    assert np.array_equal(few.returns, many.returns[:2])


@pytest.mark.parametrize("name", sorted(ALL))
def test_predictors_have_their_names_and_unit_variance_from_the_first_bar(name):
    world = ALL[name]
    paths = world.sample(50, np.random.default_rng(4), 3000)
    assert paths.predictors.shape == (3000, 50, len(world.predictor_names))
    assert paths.returns.shape == paths.drift.shape == (3000, 50, world.instruments)
    np.testing.assert_allclose(paths.predictors.std(axis=(0, 1)), 1, rtol=0.05)
    np.testing.assert_allclose(paths.predictors[:, 0].std(axis=0), 1, rtol=0.12)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"W0", "W6", "W8"}))
def test_the_drift_is_what_the_next_bar_earns_on_average(name):
    """A regression of what was earned on the drift has slope 1, within four standard errors."""
    paths = ALL[name].sample(2000, np.random.default_rng(6), 200)
    earned = paths.returns if paths.funding is None else -paths.funding[:, :, None]
    x, y = paths.drift[:, :-1].ravel(), earned[:, 1:].ravel()
    slope = (x @ y) / (x @ x)
    assert abs(slope - 1) <= 4 * np.std(y - x) / np.sqrt(x @ x)


def test_worlds_are_found_in_any_case_and_others_refused_with_the_list():
    assert find_world("w3") is WORLDS["W3"]
    assert find_world("demo") is DEMO
    with pytest.raises(ConfigError, match=r"W0, W1.*demo"):
        find_world("W10")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("W1", {"phi": 0.0}, "phi is 0.0"),
        ("W2", {"rho": 1.0}, "rho is 1.0"),
        ("W4", {"stay": 0.5}, "stay is 0.5"),
        ("W0", {"law": "cauchy"}, "gaussian, t4, garch"),
        ("W7", {"relative_volatility": (1.0,)}, "4 rows of loadings for 1"),
    ],
)
def test_parameters_that_make_no_world_are_refused(name, change, message):
    with pytest.raises(ConfigError, match=message):
        replace(WORLDS[name], **change)


def test_parameters_are_listed_by_name():
    assert WORLDS["W2"].parameters["rho"] == 0.95
    assert WORLDS["W2"].parameters["cost"] == 5e-4


@pytest.mark.parametrize(("bars", "streams"), [(1, 1), (100, 0)])
def test_too_little_is_refused(bars, streams):
    with pytest.raises(ConfigError, match="at least 2 bars and 1 stream"):
        WORLDS["W1"].sample(bars, np.random.default_rng(0), streams)
