"""A multi-layer perceptron at batch 1, in a compiled kernel with a fixed order of summation.

Weights are stored in float32 and calculated with in float64: each output starts at its bias and adds its
inputs in order, whatever the width of the machine's vectors, so the same inputs give the same bits in
backtest and live. No learning library is needed to load or run it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradewind.compiled import compiled
from tradewind.policy.errors import BundleError

Activation = Literal["identity", "tanh", "relu", "elu", "leaky_relu", "gelu", "sigmoid", "hardswish"]
Head = Literal["gaussian_mean", "squashed", "tanh"]
Tensors = Mapping[str, NDArray[np.float32]]

_CODES: dict[str, int] = {name: code for code, name in enumerate(get_args(Activation))}
_MAX_WIDTH = 65_536
_SQRT2 = math.sqrt(2.0)


class NetworkSpec(BaseModel):
    """Layer sizes from input to output, one activation for each hidden layer, and what the output means.

    Head `gaussian_mean` (PPO, A2C): the mean, clipped to [low, high]. `squashed` (SAC) and `tanh` (TD3,
    DDPG): tanh of the last layer, stretched from [-1, 1] to [low, high].
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    layers: tuple[Annotated[int, Field(ge=1, le=_MAX_WIDTH)], ...] = Field(min_length=2, max_length=64)
    activations: tuple[Activation, ...]
    head: Head
    low: tuple[float, ...]
    high: tuple[float, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> NetworkSpec:
        if len(self.activations) != len(self.layers) - 2:
            raise ValueError(f"{len(self.layers) - 2} hidden layers need as many activations")
        if not len(self.low) == len(self.high) == self.layers[-1]:
            raise ValueError(f"low and high must have {self.layers[-1]} values, one for each output")
        if any(low >= high for low, high in zip(self.low, self.high)):
            raise ValueError("low must be below high for each output")
        return self

    @property
    def inputs(self) -> int:
        return self.layers[0]

    @property
    def outputs(self) -> int:
        return self.layers[-1]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of every tensor: `layer_0.weight` is [outputs, inputs] of the first layer."""
        shapes: dict[str, tuple[int, ...]] = {}
        for i, (inputs, outputs) in enumerate(zip(self.layers, self.layers[1:])):
            shapes[f"layer_{i}.weight"] = (outputs, inputs)
            shapes[f"layer_{i}.bias"] = (outputs,)
        return shapes


def check_tensors(spec: NetworkSpec, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    """Raise `BundleError` unless the tensors are exactly those that the network needs."""
    shapes = spec.shapes()
    if set(tensors) != set(shapes):
        missing, extra = sorted(set(shapes) - set(tensors)), sorted(set(tensors) - set(shapes))
        raise BundleError(f"the weights do not fit the network: missing {missing}, unknown {extra}")
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype != np.float32:
            raise BundleError(
                f"tensor {name} is {tensor.dtype} {list(tensor.shape)}, expected float32 {list(shape)}"
            )
        if not np.isfinite(tensor).all():
            raise BundleError(f"tensor {name} holds NaN or infinity, so the network cannot be used")


class Network:
    """A ready network: `network(vector)` is the action of one observation, within [low, high]."""

    def __init__(self, spec: NetworkSpec, tensors: Tensors) -> None:
        check_tensors(spec, tensors)
        self.spec = spec
        self._sizes = np.array(spec.layers, dtype=np.int64)
        self._codes = np.array([_CODES[a] for a in spec.activations] + [0], dtype=np.int64)
        self._parameters = _flatten(spec, tensors)
        self._low = np.array(spec.low, dtype=np.float64)
        self._high = np.array(spec.high, dtype=np.float64)
        self._stretch = spec.head != "gaussian_mean"
        width = max(spec.layers)
        self._even, self._odd = np.zeros(width), np.zeros(width)
        self._action = np.zeros(spec.outputs)

    def __call__(self, vector: NDArray[np.floating]) -> NDArray[np.float64]:
        """The action [outputs] of a vector [inputs]; all NaN when an input or an output is not finite.

        The array is the network's own and valid until the next call.
        """
        if vector.shape != (self.spec.inputs,):
            raise BundleError(
                f"the observation has shape {vector.shape}, the network takes {self.spec.inputs} inputs"
            )
        self._even[: self.spec.inputs] = vector
        _forward(
            self._parameters,
            self._sizes,
            self._codes,
            self._low,
            self._high,
            self._stretch,
            self._even,
            self._odd,
            self._action,
        )
        return self._action


def _flatten(spec: NetworkSpec, tensors: Tensors) -> NDArray[np.float64]:
    """All parameters in one run, layer by layer: the weight as [inputs, outputs], then the bias."""
    parts: list[NDArray[np.float64]] = []
    for i in range(len(spec.layers) - 1):
        parts.append(tensors[f"layer_{i}.weight"].T.astype(np.float64).ravel())
        parts.append(tensors[f"layer_{i}.bias"].astype(np.float64))
    return np.concatenate(parts)


def random_tensors(spec: NetworkSpec, seed: int) -> dict[str, NDArray[np.float32]]:
    """Weights of a network that has learnt nothing: uniform within 1/sqrt(inputs), the same for a seed."""
    generator = np.random.Generator(np.random.PCG64(seed))
    tensors: dict[str, NDArray[np.float32]] = {}
    for i, (inputs, outputs) in enumerate(zip(spec.layers, spec.layers[1:])):
        bound = 1.0 / math.sqrt(inputs)
        tensors[f"layer_{i}.weight"] = generator.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        tensors[f"layer_{i}.bias"] = generator.uniform(-bound, bound, outputs).astype(np.float32)
    return tensors


@compiled
def _affine(
    parameters: NDArray[np.float64],
    start: int,
    n: int,
    m: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    """y[m] = bias + x[n] @ weight, eight outputs at a time in registers; each adds its inputs in order."""
    j = 0
    while j + 8 <= m:
        at = start + n * m + j
        y0, y1, y2, y3 = parameters[at], parameters[at + 1], parameters[at + 2], parameters[at + 3]
        y4, y5, y6, y7 = parameters[at + 4], parameters[at + 5], parameters[at + 6], parameters[at + 7]
        for i in range(n):
            at = start + i * m + j
            value = x[i]
            y0 += value * parameters[at]
            y1 += value * parameters[at + 1]
            y2 += value * parameters[at + 2]
            y3 += value * parameters[at + 3]
            y4 += value * parameters[at + 4]
            y5 += value * parameters[at + 5]
            y6 += value * parameters[at + 6]
            y7 += value * parameters[at + 7]
        y[j], y[j + 1], y[j + 2], y[j + 3] = y0, y1, y2, y3
        y[j + 4], y[j + 5], y[j + 6], y[j + 7] = y4, y5, y6, y7
        j += 8
    while j < m:
        total = parameters[start + n * m + j]
        for i in range(n):
            total += x[i] * parameters[start + i * m + j]
        y[j] = total
        j += 1


@compiled
def _activate(code: int, m: int, y: NDArray[np.float64]) -> None:
    """The activation of that code, in place; the codes are the order of `Activation`."""
    if code == 1:
        for j in range(m):
            y[j] = math.tanh(y[j])
    elif code == 2:
        for j in range(m):
            y[j] = max(y[j], 0.0)
    elif code == 3:
        for j in range(m):
            if y[j] < 0.0:
                y[j] = math.expm1(y[j])
    elif code == 4:
        for j in range(m):
            if y[j] < 0.0:
                y[j] = 0.01 * y[j]
    elif code == 5:
        for j in range(m):
            y[j] = 0.5 * y[j] * (1.0 + math.erf(y[j] / _SQRT2))
    elif code == 6:
        for j in range(m):
            y[j] = 1.0 / (1.0 + math.exp(-y[j]))
    elif code == 7:
        for j in range(m):
            y[j] = y[j] * min(max(y[j] + 3.0, 0.0), 6.0) / 6.0


@compiled
def _layer(
    parameters: NDArray[np.float64],
    start: int,
    n: int,
    m: int,
    code: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    _affine(parameters, start, n, m, x, y)
    _activate(code, m, y)


@compiled
def _finish(
    y: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    stretch: bool,
    action: NDArray[np.float64],
) -> None:
    """The head: clip or stretch to [low, high]; all NaN when one output is not finite."""
    finite = True
    for j in range(len(action)):
        finite = finite and math.isfinite(y[j])
    for j in range(len(action)):
        if not finite:
            action[j] = math.nan
        elif stretch:
            action[j] = low[j] + 0.5 * (math.tanh(y[j]) + 1.0) * (high[j] - low[j])
        else:
            action[j] = min(max(y[j], low[j]), high[j])


@compiled
def _forward(
    parameters: NDArray[np.float64],
    sizes: NDArray[np.int64],
    codes: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    stretch: bool,
    even: NDArray[np.float64],
    odd: NDArray[np.float64],
    action: NDArray[np.float64],
) -> None:
    """One pass; the input lies in `even`, and the layers go back and forth between the two buffers."""
    for i in range(sizes[0]):
        if not math.isfinite(even[i]):
            for j in range(len(action)):
                action[j] = math.nan
            return
    start = 0
    for k in range(len(codes)):
        n, m = sizes[k], sizes[k + 1]
        if k % 2 == 0:
            _layer(parameters, start, n, m, codes[k], even, odd)
        else:
            _layer(parameters, start, n, m, codes[k], odd, even)
        start += n * m + m
    if len(codes) % 2 == 1:
        _finish(odd, low, high, stretch, action)
    else:
        _finish(even, low, high, stretch, action)
