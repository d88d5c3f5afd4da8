"""A user's own indicator: one small function with a state."""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tradewind.features import FeaturePlan, FeatureSpec, FeatureStream, compute, register
from tradewind.features import custom as custom_module
from tradewind.market import ConfigError


def gap_share(state, at, params, first, o, h, l, c, v):
    """ln(open / last close), slowed by the factor params[first]. As in docs/features.md."""
    last = state[at]
    gap = math.log(o / last) if last > 0.0 else 0.0
    state[at] = c
    state[at + 1] += params[first] * (gap - state[at + 1])
    return state[at + 1]


def always_one(state, at, params, first, o, h, l, c, v):
    return 1.0


def always_two(state, at, params, first, o, h, l, c, v):
    return 2.0


def expected_gaps(opened: np.ndarray, close: np.ndarray, share: float) -> np.ndarray:
    slow, out = 0.0, []
    for t in range(len(close)):
        gap = math.log(opened[t] / close[t - 1]) if t else 0.0
        slow += share * (gap - slow)
        out.append(slow)
    return np.array(out)


def test_a_registered_indicator_works_in_history_and_stream(
    make_market: Any, stream_rows: Any, identical: Any
) -> None:
    register("gap_share", gap_share, state_size=2, warmup=5, parameters={"share": 0.1})
    market = make_market(1, rows=100, width=2)
    plan = FeaturePlan.of("close", "gap_share", FeatureSpec("gap_share", {"share": 0.5}))
    matrix = compute(market, plan)
    assert matrix.columns[:3] == ("C0/USDT close", "C0/USDT gap_share_0.1", "C0/USDT gap_share_0.5")
    for column, (a, share) in {1: (0, 0.1), 2: (0, 0.5), 4: (1, 0.1), 5: (1, 0.5)}.items():
        theirs = expected_gaps(market.open[:, a], market.close[:, a], share)
        assert np.isnan(matrix.values[:4, column]).all()
        assert np.allclose(matrix.values[4:, column], theirs[4:], rtol=1e-12, atol=1e-15)
    stream = FeatureStream(plan, market.symbols, market.timeframe)
    assert identical(stream_rows(stream, market, 0, 100), matrix.values)


def test_registering_the_same_source_again_changes_nothing_and_another_is_refused() -> None:
    register("test_constant", always_one, state_size=0, warmup=1)
    register("test_constant", always_one, state_size=0, warmup=1)
    with pytest.raises(ConfigError, match="registered with another source"):
        register("test_constant", always_two, state_size=0, warmup=1)
    with pytest.raises(ConfigError, match="registered with another source"):
        register("test_constant", always_one, state_size=0, warmup=2)


def test_the_schema_hash_knows_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = set()
    for kernel in (always_one, always_two):
        monkeypatch.setattr(custom_module, "_REGISTERED", {})
        register("test_either", kernel, state_size=0, warmup=1)
        hashes.add(FeaturePlan.of("test_either").schema_hash(["X"]))
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("name", "size", "warmup", "message"),
    [
        ("rsi", 0, 1, "taken"),
        ("not a name", 0, 1, "taken or no identifier"),
        ("fine", -1, 1, "state_size is -1"),
    ],
)
def test_a_wrong_registration_is_refused(name: str, size: int, warmup: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        register(name, always_one, state_size=size, warmup=warmup)


def too_few(state, at):
    return 1.0


def gives_nothing(state, at, params, first, o, h, l, c, v):
    state[at] = c


def makes_arrays(state, at, params, first, o, h, l, c, v):
    return np.zeros(3).sum()


def reads_files(state, at, params, first, o, h, l, c, v):
    return float(len(open("x").read()))


@pytest.mark.parametrize("kernel", [too_few, gives_nothing, makes_arrays, reads_files])
def test_a_kernel_that_cannot_run_is_refused_at_once_in_one_line(kernel: Any) -> None:
    with pytest.raises(ConfigError, match=f"test_{kernel.__name__}: ") as caught:
        register(f"test_{kernel.__name__}", kernel, state_size=1, warmup=1)
    assert "\n" not in str(caught.value)


def keeps_ten_closes(state, at, params, first, o, h, l, c, v):
    place = int(state[at])
    state[at + 1 + place] = c
    state[at] = (place + 1) % 10
    return c


def test_a_kernel_that_writes_outside_its_state_is_refused() -> None:
    for size in (0, 1, 10):
        with pytest.raises(ConfigError, match=f"outside its {size} floats of state"):
            register("test_ten_closes", keeps_ten_closes, state_size=size, warmup=1)
    register("test_ten_closes", keeps_ten_closes, state_size=11, warmup=1)


def test_a_kernel_without_readable_source_is_refused() -> None:
    made: dict[str, Any] = {}
    exec("def kernel(state, at, params, first, o, h, l, c, v):\n    return c\n", made)
    with pytest.raises(ConfigError, match="not readable"):
        register("test_made", made["kernel"], state_size=0, warmup=1)
