"""Several networks as one: it answers with the mean of what they answer.

Their hidden layers stand side by side and see nothing of each other, and the last layer takes the mean. So an
ensemble is a network like any other: bundles, backtest and live trading need nothing new for it. The mean is
taken before the head clips or squashes it to [low, high].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.policy.errors import BundleError
from tradewind.policy.network import NetworkSpec, Tensors

Floats = NDArray[np.float32]


def ensemble(spec: NetworkSpec, members: Sequence[Tensors]) -> tuple[NetworkSpec, dict[str, Floats]]:
    """One network of members that all have this spec."""
    if not members:
        raise BundleError("an ensemble needs a network or more")
    count, last = len(members), len(spec.layers) - 2
    tensors: dict[str, Floats] = {}
    for k in range(last + 1):
        weights = [member[f"layer_{k}.weight"] for member in members]
        biases = [member[f"layer_{k}.bias"] for member in members]
        if k == last:
            joined: Floats = np.concatenate(weights, axis=1) if k else np.asarray(sum(weights), np.float32)
            tensors[f"layer_{k}.weight"] = (joined / count).astype(np.float32)
            tensors[f"layer_{k}.bias"] = np.asarray(np.array(biases).mean(axis=0), np.float32)
            break
        tensors[f"layer_{k}.weight"] = np.concatenate(weights) if k == 0 else _side_by_side(weights)
        tensors[f"layer_{k}.bias"] = np.concatenate(biases)
    hidden = tuple(width * count for width in spec.layers[1:-1])
    return spec.model_copy(update={"layers": (spec.inputs, *hidden, spec.outputs)}), tensors


def _side_by_side(weights: Sequence[Floats]) -> Floats:
    """The matrices as blocks of a diagonal, zero elsewhere."""
    rows, columns = weights[0].shape
    joined = np.zeros((rows * len(weights), columns * len(weights)), np.float32)
    for m, block in enumerate(weights):
        joined[m * rows : (m + 1) * rows, m * columns : (m + 1) * columns] = block
    return joined
