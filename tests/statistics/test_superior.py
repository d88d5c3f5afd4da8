from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import SPA

from tradewind.market.errors import DataError
from tradewind.statistics import Undefined, spa

DRAWS = 2000


@pytest.mark.parametrize("edge", [-0.05, 0.0, 0.08, 0.2])
def test_it_agrees_with_arch(edge):
    """arch does not divide its statistic by the errors; two runs of `DRAWS` differ by chance alone."""
    rng = np.random.default_rng(8)
    models, benchmark = rng.normal(0, 1, (250, 4)), rng.normal(0, 0.3, 250)
    models[:, 1] += edge
    models[:, 3] -= 0.4
    ours = spa(models, benchmark, np.random.default_rng(1), DRAWS, block=6, studentized=False)
    oracle = SPA(-benchmark, -models, block_size=6, reps=DRAWS, bootstrap="stationary", seed=2)
    oracle.compute()
    for name in ("lower", "consistent", "upper"):
        theirs = float(oracle.pvalues[name])
        error = math.sqrt(2 * max(theirs * (1 - theirs), 0.01) / DRAWS)
        assert getattr(ours, name) == pytest.approx(theirs, abs=4 * error), name


def test_bounds_lie_around_the_consistent_value():
    rng = np.random.default_rng(3)
    models = rng.normal([0.1, 0, 0, -1, -2, -3], 1, (200, 6))
    found = spa(models, np.zeros(200), rng)
    assert found.lower <= found.consistent <= found.upper
    assert found.consistent < found.upper  # hopeless models do not count against the good one


def test_noise_is_called_superior_about_as_often_as_the_level_says():
    rng = np.random.default_rng(5)
    hits = [
        spa(rng.normal(0, 1, (150, 5)), np.zeros(150), rng, draws=200).consistent <= 0.1 for _ in range(150)
    ]
    assert 0.03 <= np.mean(hits) <= 0.19


def test_a_real_edge_over_the_benchmark_is_seen():
    rng = np.random.default_rng(6)
    benchmark = rng.normal(0, 1, 300)
    models = benchmark[:, None] + rng.normal([0, 0.06, 0], 0.2, (300, 3))
    assert spa(models, benchmark, rng).consistent < 0.01


def test_a_calm_model_counts_as_much_as_a_wild_one():
    rng = np.random.default_rng(7)
    wild = rng.normal(0, 10, 300)
    models = np.stack([rng.normal(0.03, 0.1, 300), wild - wild.mean()], axis=1)
    assert spa(models, np.zeros(300), np.random.default_rng(1)).consistent < 0.01
    assert spa(models, np.zeros(300), np.random.default_rng(1), studentized=False).consistent > 0.2


def test_who_is_not_better_on_average_has_shown_nothing():
    models = np.random.default_rng(9).normal(0, 1, (100, 2))
    models -= models.mean(axis=0) + 0.01
    assert spa(models, np.zeros(100), np.random.default_rng(0)).consistent == 1


def test_the_same_seed_gives_the_same():
    models = np.random.default_rng(10).normal(0, 1, (100, 2))
    one, other = (spa(models, np.zeros(100), np.random.default_rng(4)) for _ in range(2))
    assert one == other


def test_what_cannot_be_compared_is_refused():
    rng = np.random.default_rng(0)
    models = rng.normal(0, 1, (50, 2))
    with pytest.raises(DataError, match="same rows"):
        spa(models, np.zeros(49), rng)
    with pytest.raises(DataError, match="not finite"):
        spa(models, np.full(50, np.nan), rng)
    with pytest.raises(Undefined, match="too few days"):
        spa(models[:10], np.zeros(10), rng)
    with pytest.raises(Undefined, match="model 1 never differs"):
        spa(models, models[:, 1], rng)
