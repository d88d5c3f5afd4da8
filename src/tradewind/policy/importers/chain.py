"""From named tensors to one chain of layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradewind.policy.errors import BundleError
from tradewind.policy.importers.tensors import Arrays, need_torch
from tradewind.policy.network import Activation, NetworkSpec

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def sequential(arrays: Arrays, prefix: str) -> list[Layer]:
    """The linear layers of a torch Sequential under `prefix`, in order.

    They must stand at 0, 2, 4, ...: anything else between them is no plain activation.
    """
    pattern = re.compile(re.escape(prefix) + r"\.(\d+)\.(.+)")
    indices = sorted({int(m[1]) for key in arrays if (m := pattern.fullmatch(key))})
    if indices != list(range(0, 2 * len(indices), 2)):
        raise BundleError(
            f"{prefix} has parameters at {indices}, expected {list(range(0, 2 * len(indices), 2))}: "
            "only linear layers with one activation between them can be imported"
        )
    return [linear(arrays, f"{prefix}.{i}") for i in indices]


def linear(arrays: Arrays, prefix: str) -> Layer:
    """One linear layer: weight [outputs, inputs] and bias [outputs]."""
    names = {key.removeprefix(prefix + ".") for key in arrays if key.startswith(prefix + ".")}
    if names != {"weight", "bias"}:
        raise BundleError(f"layer {prefix} has {sorted(names)}, expected weight and bias")
    weight, bias = arrays[f"{prefix}.weight"], arrays[f"{prefix}.bias"]
    if weight.ndim != 2 or bias.shape != (weight.shape[0],):
        raise BundleError(
            f"layer {prefix} has weight {list(weight.shape)} and bias {list(bias.shape)}: it is not linear "
            "(normalisation and convolution cannot be imported)"
        )
    return weight, bias


def layer_sizes(layers: Sequence[Layer]) -> tuple[int, ...]:
    """[inputs, hidden..., outputs]; refused where one layer does not feed the next."""
    for k, ((before, _), (after, _)) in enumerate(pairwise(layers)):
        if before.shape[0] != after.shape[1]:
            raise BundleError(
                f"layer {k} gives {before.shape[0]} values and layer {k + 1} takes {after.shape[1]}"
            )
    return (layers[0][0].shape[1], *(weight.shape[0] for weight, _ in layers))


def named(layers: Sequence[Layer]) -> Arrays:
    """The tensors under the names that a bundle gives them."""
    tensors: Arrays = {}
    for k, (weight, bias) in enumerate(layers):
        tensors[f"layer_{k}.weight"], tensors[f"layer_{k}.bias"] = weight, bias
    return tensors


def torch_answers(
    spec: NetworkSpec, layers: Sequence[Layer], observations: NDArray[np.float32]
) -> NDArray[np.float64]:
    """What torch itself answers [rows, outputs]: the golden actions that our network must give too."""
    torch = need_torch()
    functions = {
        "identity": lambda x: x,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "elu": torch.nn.functional.elu,
        "leaky_relu": torch.nn.functional.leaky_relu,
        "gelu": torch.nn.functional.gelu,
        "sigmoid": torch.sigmoid,
        "hardswish": torch.nn.functional.hardswish,
    }
    with torch.no_grad():
        x = torch.from_numpy(observations)
        for k, (weight, bias) in enumerate(layers):
            x = torch.nn.functional.linear(x, torch.from_numpy(weight), torch.from_numpy(bias))
            if k < len(spec.activations):
                x = functions[spec.activations[k]](x)
        low, high = torch.tensor(spec.low), torch.tensor(spec.high)
        stretched = low + 0.5 * (torch.tanh(x) + 1.0) * (high - low)
        x = torch.clamp(x, low, high) if spec.head == "gaussian_mean" else stretched
    answers: NDArray[np.float64] = x.numpy().astype(np.float64)
    return answers


def activations(
    chosen: Activation | tuple[Activation, ...] | None, default: Activation, hidden: int
) -> tuple[Activation, ...]:
    """One activation for each hidden layer, from what the user gave."""
    if chosen is None or isinstance(chosen, str):
        return (chosen or default,) * hidden
    if len(chosen) != hidden:
        raise BundleError(f"the spec names {len(chosen)} activations, the network has {hidden} hidden layers")
    return chosen
