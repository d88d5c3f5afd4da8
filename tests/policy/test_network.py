"""The compiled forward: right, finite, reproducible, without torch."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tradewind.policy import BundleError, Network, NetworkSpec, random_tensors
from tradewind.policy.network import Activation


def net(layers: tuple[int, ...], activation: str = "tanh", head: str = "gaussian_mean") -> NetworkSpec:
    outputs = layers[-1]
    return NetworkSpec.model_validate(
        {
            "layers": layers,
            "activations": (activation,) * (len(layers) - 2),
            "head": head,
            "low": (-2.0,) * outputs,
            "high": (1.0,) * outputs,
        }
    )


def torch_forward(spec: NetworkSpec, tensors: dict[str, Any], x: Any) -> Any:
    import torch

    modules = {
        "identity": torch.nn.Identity(),
        "tanh": torch.nn.Tanh(),
        "relu": torch.nn.ReLU(),
        "elu": torch.nn.ELU(),
        "leaky_relu": torch.nn.LeakyReLU(),
        "gelu": torch.nn.GELU(),
        "sigmoid": torch.nn.Sigmoid(),
        "hardswish": torch.nn.Hardswish(),
    }
    y = torch.from_numpy(x).double()
    for i in range(len(spec.layers) - 1):
        weight, bias = tensors[f"layer_{i}.weight"], tensors[f"layer_{i}.bias"]
        y = torch.from_numpy(weight).double() @ y + torch.from_numpy(bias).double()
        if i < len(spec.activations):
            y = modules[spec.activations[i]](y)
    return y.numpy()


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_equals_torch(activation: str) -> None:
    spec = net((7, 9, 11, 3), activation)
    tensors = {name: 3 * t for name, t in random_tensors(spec, 1).items()}
    network = Network(spec, tensors)
    for row in np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32):
        expected = np.clip(torch_forward(spec, tensors, row), -2.0, 1.0)
        np.testing.assert_allclose(network(row), expected, atol=1e-12)


@pytest.mark.parametrize("head", ["squashed", "tanh"])
def test_squashing_heads_stretch_tanh_to_the_box(head: str) -> None:
    spec = net((3, 5, 2), "relu", head)
    tensors = random_tensors(spec, 2)
    x = np.array([0.3, -1.0, 2.0], dtype=np.float32)
    mean = torch_forward(spec, tensors, x)
    np.testing.assert_allclose(Network(spec, tensors)(x), -2.0 + 0.5 * (np.tanh(mean) + 1) * 3.0, atol=1e-14)


@settings(max_examples=40, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 40), max_size=3),
    sizes=st.tuples(st.integers(1, 30), st.integers(1, 9)),
    seed=st.integers(0, 1000),
)
def test_the_sum_is_taken_in_order_whatever_the_sizes(
    hidden: list[int], sizes: tuple[int, int], seed: int
) -> None:
    """Bit for bit the plain loop: bias first, then each input in turn."""
    spec = net((sizes[0], *hidden, sizes[1]), "leaky_relu")
    tensors = random_tensors(spec, seed)
    x = np.random.default_rng(seed).normal(size=sizes[0]).astype(np.float32)
    values = [float(v) for v in x]
    for k in range(len(spec.layers) - 1):
        weight, bias = tensors[f"layer_{k}.weight"], tensors[f"layer_{k}.bias"]
        sums = []
        for row, start in zip(weight.tolist(), bias.tolist()):
            total = start
            for w, v in zip(row, values):
                total += w * v
            sums.append(total)
        last = k == len(spec.layers) - 2
        values = [v if last or v >= 0 else 0.01 * v for v in sums]
    assert Network(spec, tensors)(x).tolist() == [min(max(v, -2.0), 1.0) for v in values]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_missing_input_gives_no_action_and_leaves_no_trace(bad: float) -> None:
    spec = net((4, 8, 2), "relu")
    network = Network(spec, random_tensors(spec, 1))
    good = np.ones(4, dtype=np.float32)
    before = network(good).copy()
    assert np.isnan(network(np.array([0, bad, 0, 0], dtype=np.float32))).all()
    assert network(good).tolist() == before.tolist()


def test_two_networks_do_not_share_buffers() -> None:
    spec = net((4, 8, 2))
    one, two = Network(spec, random_tensors(spec, 1)), Network(spec, random_tensors(spec, 2))
    x = np.ones(4, dtype=np.float32)
    first = one(x)
    kept = first.copy()
    two(x)
    assert first.tolist() == kept.tolist()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "layer_0.weight",
            lambda t: t.T.copy(),
            r"layer_0.weight is float32 \[4, 8\], expected float32 \[8, 4\]",
        ),
        ("layer_1.bias", lambda t: t.astype(np.float64), "layer_1.bias is float64"),
        ("layer_1.bias", lambda t: t * np.nan, "layer_1.bias holds NaN"),
    ],
)
def test_wrong_tensors_are_refused_by_name(name: str, change: Any, said: str) -> None:
    spec = net((4, 8, 2))
    tensors = random_tensors(spec, 1)
    with pytest.raises(BundleError, match=said):
        Network(spec, {**tensors, name: change(tensors[name])})


def test_a_missing_tensor_is_named() -> None:
    spec = net((4, 8, 2))
    tensors = random_tensors(spec, 1)
    del tensors["layer_1.bias"]
    with pytest.raises(BundleError, match=r"missing \['layer_1.bias'\]"):
        Network(spec, tensors)


def test_a_vector_of_another_length_is_refused() -> None:
    spec = net((4, 8, 2))
    with pytest.raises(BundleError, match="takes 4 inputs"):
        Network(spec, random_tensors(spec, 1))(np.zeros(5, dtype=np.float32))


@pytest.mark.parametrize(
    "change",
    [{"activations": ()}, {"low": (-1.0,)}, {"low": (1.0, 1.0)}, {"layers": (4, 0, 2)}, {"head": "argmax"}],
)
def test_an_impossible_network_is_refused(change: dict[str, Any]) -> None:
    fields = {**net((4, 8, 2)).model_dump(), **change}
    with pytest.raises(ValidationError):
        NetworkSpec.model_validate(fields)


def test_no_learning_library_is_loaded_to_run_a_model() -> None:
    code = (
        "import sys, numpy as np; from tradewind.policy import *;"
        "s = NetworkSpec(layers=(2, 2), activations=(), head='tanh', low=(-1., -1.), high=(1., 1.));"
        "Network(s, random_tensors(s, 0))(np.zeros(2, dtype=np.float32));"
        "import tradewind.policy.importers;"
        "print([m for m in ('torch', 'stable_baselines3', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_decision_of_64_by_64_takes_less_than_ten_microseconds() -> None:
    spec = net((150, 64, 64, 2))
    network, x = Network(spec, random_tensors(spec, 1)), np.ones(150, dtype=np.float32)
    network(x)
    best = float("inf")
    for _ in range(50):
        start = time.perf_counter()
        for _ in range(1000):
            network(x)
        best = min(best, (time.perf_counter() - start) / 1000)
    assert best < 10e-6
