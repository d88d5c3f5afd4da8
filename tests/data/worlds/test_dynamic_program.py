from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.data.worlds.dynamic_program import autoregressive_chain, belief_chain, best, gain_of_band

CHAINS = {
    "fast": autoregressive_chain(0.1, 0.01, 0.1),
    "slow": autoregressive_chain(0.95, 0.01, 0.05),
    "belief": belief_chain(0.98, 0.15, 0.0015),
}


@pytest.mark.parametrize("name", CHAINS)
def test_transition_rows_are_probabilities(name):
    transition = CHAINS[name].transition
    assert transition.min() >= 0
    np.testing.assert_allclose(transition.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("cost", [2e-4, 1e-3])
def test_the_threshold_solves_the_switching_equation(name, cost):
    """Another road: the advantage d of long over flat obeys d = drift + P clip(d, -c, c)."""
    chain = CHAINS[name]
    advantage = chain.drift.copy()
    for _ in range(5000):
        advantage = chain.drift + chain.transition @ np.clip(advantage, -cost, cost)
    expected = np.interp(cost, advantage, chain.signal)
    assert best(chain, cost).threshold == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", CHAINS)
def test_no_other_band_earns_more_than_the_best(name):
    chain, cost = CHAINS[name], 5e-4
    solution = best(chain, cost)
    assert gain_of_band(chain, solution.threshold, cost) == pytest.approx(solution.gain, rel=1e-9)
    for factor in (0.0, 0.5, 0.8, 1.25, 2.0):
        assert gain_of_band(chain, factor * solution.threshold, cost) <= solution.gain + 1e-11


@settings(max_examples=10, deadline=None)
@given(rho=st.floats(-0.5, 0.97), strength=st.floats(0.1, 2.0))
def test_without_cost_the_gain_is_the_mean_absolute_drift(rho, strength):
    chain = autoregressive_chain(rho, 0.01 * math.sqrt(1 - rho * rho), strength)
    solution = best(chain, 0.0)
    assert solution.gain == pytest.approx(strength * 0.01 * math.sqrt(2 / math.pi), rel=2e-3)
    assert abs(solution.threshold) < 1e-9


def test_a_cost_beyond_every_signal_means_no_trade():
    solution = best(autoregressive_chain(0.0, 0.001, 1.0), 0.05)
    assert solution.threshold == math.inf
    assert solution.gain == pytest.approx(0.0, abs=1e-12)
