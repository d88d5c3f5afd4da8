"""An ensemble answers with the mean of its members."""

from __future__ import annotations

import numpy as np
import pytest

from tradewind.policy import Network, NetworkSpec
from tradewind.policy.ensemble import ensemble
from tradewind.policy.errors import BundleError
from tradewind.policy.network import random_tensors


def spec_of(hidden: tuple[int, ...], head: str) -> NetworkSpec:
    wide = 1e6 if head == "gaussian_mean" else 1.0  # nothing is clipped
    return NetworkSpec.model_validate(
        {
            "layers": (5, *hidden, 2),
            "activations": ("tanh",) * len(hidden),
            "head": head,
            "low": (-wide, -wide),
            "high": (wide, wide),
        }
    )


@pytest.mark.parametrize("head", ["gaussian_mean", "squashed", "tanh"])
@pytest.mark.parametrize("hidden", [(), (4,), (6, 3), (8, 8, 8)])
def test_it_answers_with_the_mean_before_the_head(hidden: tuple[int, ...], head: str) -> None:
    spec = spec_of(hidden, head)
    members = [random_tensors(spec, seed) for seed in range(3)]
    whole = Network(*ensemble(spec, members))
    for vector in np.random.default_rng(1).normal(size=(20, 5)).astype(np.float32):
        answers = np.array([Network(spec, tensors)(vector).copy() for tensors in members])
        expected = (
            answers.mean(axis=0) if head == "gaussian_mean" else np.tanh(np.arctanh(answers).mean(axis=0))
        )
        np.testing.assert_allclose(whole(vector), expected, rtol=2e-6, atol=2e-7)


def test_an_ensemble_of_one_is_that_network() -> None:
    spec = spec_of((6, 3), "gaussian_mean")
    member = random_tensors(spec, 7)
    same, tensors = ensemble(spec, [member])
    assert same == spec
    assert all(np.array_equal(tensors[name], member[name]) for name in member)


def test_nobody_is_no_ensemble() -> None:
    with pytest.raises(BundleError, match="needs a network or more"):
        ensemble(spec_of((4,), "tanh"), [])
