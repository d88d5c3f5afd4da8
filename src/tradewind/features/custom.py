"""A user's own indicator: one small function with a state, for the history and the stream alike."""
# ruff: noqa: E741

from __future__ import annotations

import hashlib
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.errors import NumbaError

from tradewind.features.catalogue import CATALOGUE, Parameter, Value
from tradewind.features.kernels.advance import fold_bar, fold_is_over
from tradewind.market.errors import ConfigError

Kernel = Callable[..., float]
F = TypeVar("F", bound=Callable[..., Any])
_numba: Any = numba


def _compiled_here(function: F) -> F:
    """As `compiled`, but not cached on disk: the user's kernels are not among the hashed sources."""
    return cast(F, _numba.njit(error_model="numpy", _nrt=False)(function))


@dataclass(frozen=True, slots=True)
class CustomFeature:
    """A registered indicator. `fingerprint` is the hash of its source and travels in the schema hash."""

    name: str
    parameters: tuple[Parameter, ...]
    state_size: int
    warmup_bars: int
    fingerprint: str
    step: Any = field(repr=False, compare=False)


_REGISTERED: dict[str, CustomFeature] = {}
_GUARD, _UNTOUCHED, _TRIAL_BARS = 256, -7.25e77, 600


def register(
    name: str,
    kernel: Kernel,
    state_size: int,
    warmup: int,
    parameters: dict[str, Value] | None = None,
) -> None:
    """Make `kernel` a feature that any plan can use by `name`.

    `kernel(state, at, params, first, open, high, low, close, volume) -> float` is called once per closed
    bar; its own `state_size` floats are `state[at : at + state_size]`, zero at the start of a fragment,
    its parameters `params[first], ...` in the order of `parameters` (name -> default number). It is
    compiled by numba: plain arithmetic and `math` only, no arrays made inside. What it returns before the
    `warmup`-th bar is shown as NaN. Registering the same source again changes nothing; another source
    under a taken name raises `ConfigError`. A process that loads a plan must have registered its features.
    """
    if not name.isidentifier() or name in CATALOGUE:
        raise ConfigError(f"feature name {name!r} is taken or no identifier: choose another")
    if state_size < 0 or warmup < 1:
        raise ConfigError(f"{name}: state_size is {state_size} and warmup {warmup}, expected >= 0 and >= 1")
    known = tuple(
        Parameter(key, default, low=-1e300, high=1e300) for key, default in (parameters or {}).items()
    )
    made = CustomFeature(name, known, state_size, warmup, _fingerprint(name, kernel), None)
    standing = _REGISTERED.get(name)
    if standing is not None and standing != made:
        raise ConfigError(f"feature {name!r} is registered with another source: choose another name")
    if standing is None:
        ready = replace(made, step=_checked(name, kernel))
        _keep_to_its_state(ready)
        _REGISTERED[name] = ready


def _checked(name: str, kernel: Kernel) -> Any:
    """The kernel compiled for the types that it will be called with."""
    step: Any = _compiled_here(getattr(kernel, "py_func", kernel))
    floats, place = numba.float64[::1], numba.int64
    try:
        step.compile((floats, place, floats, place, *(numba.float64,) * 5))
        result = step.nopython_signatures[0].return_type
    except (NumbaError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"{name}: numba cannot compile the kernel, keep to numbers and math: {reason}"
        ) from error
    if not isinstance(result, numba.types.Number):
        raise ConfigError(f"{name}: the kernel returns {result}, expected a number")
    return step


def _keep_to_its_state(made: CustomFeature) -> None:
    """Try the kernel on a few bars with guards around its state: outside lies the state of other features."""
    state = np.full(_GUARD + made.state_size + _GUARD, _UNTOUCHED)
    own = slice(_GUARD, _GUARD + made.state_size)
    state[own] = 0.0
    params = np.array([float(p.default) for p in made.parameters], np.float64)
    for t in range(_TRIAL_BARS):
        price = 100.0 + t % 7
        made.step(state, _GUARD, params, 0, price, price + 1.0, price - 1.0, price + 0.5, 10.0 + t % 3)
    state[own] = _UNTOUCHED
    if (state != _UNTOUCHED).any():
        raise ConfigError(
            f"{made.name}: the kernel writes outside its {made.state_size} floats of state: "
            "make state_size larger"
        )


def registered() -> dict[str, CustomFeature]:
    """The user's indicators of this process, by name."""
    return dict(_REGISTERED)


def _fingerprint(name: str, kernel: Kernel) -> str:
    try:
        source = inspect.getsource(getattr(kernel, "py_func", kernel))
    except (OSError, TypeError) as error:
        raise ConfigError(f"{name}: the source of the kernel is not readable: define it in a file") from error
    return hashlib.sha256(textwrap.dedent(source).encode()).hexdigest()


@_compiled_here
def _step_custom(
    kernel: Any, s: Any, at: int, warmup: int, p: Any, q: int,
    o: float, h: float, l: float, c: float, v: float,
) -> None:  # fmt: skip
    """Block: output, bars seen, then the user's state."""
    value = kernel(s, at + 2, p, q, o, h, l, c, v)
    if s[at + 1] < warmup:
        s[at + 1] += 1.0
    if s[at + 1] >= warmup:
        s[at] = value


@_compiled_here
def advance_custom(
    kernel: Any,
    block: int,  # in the state row
    warmup: int,
    higher: int,  # timeframe ms, 0: the bars themselves
    fold: int,  # block that folds bars, when higher
    first_param: int,
    column: int,
    columns: int,
    params: Any,
    state: Any,
    width: int,
    step_ms: int,
    origin: int,
    open_time: Any,
    o: Any, h: Any, l: Any, c: Any, v: Any,
    tradable: Any,
    start: int,
    stop: int,
    out: Any,
) -> None:  # fmt: skip
    """`advance` for one registered indicator: compiled once for each."""
    for t in range(start, stop):
        for a in range(tradable.shape[1]):
            at = a * width + block
            f = a * width + fold
            if tradable[t, a]:
                if higher == 0:
                    _step_custom(
                        kernel, state, at, warmup, params, first_param,
                        o[t, a], h[t, a], l[t, a], c[t, a], v[t, a],
                    )  # fmt: skip
                else:
                    if fold_is_over(state, f, open_time[t], higher):
                        state[f] = 0.0
                        _step_custom(
                            kernel, state, at, warmup, params, first_param,
                            state[f + 2], state[f + 3], state[f + 4], state[f + 5], state[f + 6],
                        )  # fmt: skip
                    if fold_bar(
                        state, f, open_time[t], step_ms, higher, origin,
                        o[t, a], h[t, a], l[t, a], c[t, a], v[t, a],
                    ):  # fmt: skip
                        state[f] = 0.0
                        _step_custom(
                            kernel, state, at, warmup, params, first_param,
                            state[f + 2], state[f + 3], state[f + 4], state[f + 5], state[f + 6],
                        )  # fmt: skip
            out[t, a * columns + column] = state[at]
