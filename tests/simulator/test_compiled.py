"""The kernels are compiled without reference counting: that, not arithmetic, is what a step would cost."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from tests.simulator.markets import market_of, perpetual, simulator_of
from tradewind.simulator import kernel

RUNTIME = ("NRT_incref", "NRT_decref", "NRT_Allocate", "NRT_MemInfo")


def compiled_text(function: Any, signature: Any = None) -> str:
    """The LLVM of a function with all that it calls, compiled anew: what comes from a cache has no text."""
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled here, so there is nothing to inspect")
    options = {k: v for k, v in function.targetoptions.items() if k != "nopython"}
    anew = numba.njit(**options)(function.py_func)
    signature = signature or function.signatures[0]
    anew.compile(signature)
    return str(anew.inspect_llvm(signature))


def test_a_step_counts_no_references_and_allocates_nothing() -> None:
    simulator = simulator_of(market_of(perpetual(), [100, 101, 102, 103]))
    simulator.step(np.array([[0.5]]))
    text = compiled_text(kernel.step)
    assert len(text) > 100_000
    assert [call for call in RUNTIME if call in text] == []


def test_the_guard_sees_references_where_they_are_counted() -> None:
    """A control: a row view, which is what the kernels never take, brings the runtime in."""

    @numba.njit  # type: ignore[untyped-decorator]
    def last_row(values: Any) -> Any:
        return values[values.shape[0] - 1]

    assert last_row(np.eye(3)).tolist() == [0.0, 0.0, 1.0]
    assert any(call in compiled_text(last_row) for call in RUNTIME)
