"""The bridge from actions to the simulator's step: no trading rule lives here.

A call from Python costs more than a bar of one account: of every array that is passed, shape and type are
read anew. So `BoundStep` writes the addresses down once, and passes one small table.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tradewind.account.records import ACCOUNT, BAR, FILL, INSTRUMENT, POSITION, ROW, RULES
from tradewind.compiled import compiled, compiled_allocating
from tradewind.simulator.kernel import step

carray: Any = numba.carray  # type: ignore[attr-defined]


@compiled
def act(
    accounts: Any,
    positions: Any,
    bars: Any,
    rows: Any,
    features: Any,
    clock: Any,
    instruments: Any,
    rules: Any,
    actions: Any,
    mapping: Any,
    weights: Any,
    observations: Any,
    log: Any,
    results: Any,
) -> int:
    """Actions [N, A] in [-1, 1] through one bar; returns how many accounts ended.

    `mapping` [2, A] is offset and scale. `results` [N, 4]: reward, equity, terminated, truncated.
    """
    for n in range(accounts.shape[0]):
        for a in range(instruments.shape[0]):
            weights[n, a] = mapping[0, a] + mapping[1, a] * actions[n, a]
    step(accounts, positions, bars, rows, features, clock, instruments, rules, weights, observations, log)
    ended = 0
    for n in range(accounts.shape[0]):
        account = accounts[n]
        results[n, 0] = account.reward
        results[n, 1] = account.equity
        results[n, 2] = account.terminated
        results[n, 3] = account.truncated
        if account.terminated != 0 or account.truncated != 0:
            ended += 1
    return ended


def _address_to_pointer(_context: Any, _address: Any) -> Any:
    """For the compiler: the type and the one instruction of `_pointer`."""

    def build(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), build


_pointer: Any = intrinsic(_address_to_pointer)


@compiled_allocating  # views of what exists: nothing is allocated, but the compiler does not know it
def _act_at(table: Any) -> int:
    """`act` on 14 addresses; after them the counts: accounts, instruments, rows, columns, inputs, log."""
    n, a, t, f, d, room = table[14], table[15], table[16], table[17], table[18], table[19]
    return act(
        carray(_pointer(table[0]), (n,), ACCOUNT),
        carray(_pointer(table[1]), (n, a), POSITION),
        carray(_pointer(table[2]), (t, a), BAR),
        carray(_pointer(table[3]), (t,), ROW),
        carray(_pointer(table[4]), (t, f), np.float32),
        carray(_pointer(table[5]), (t, 4), np.float32),
        carray(_pointer(table[6]), (a,), INSTRUMENT),
        carray(_pointer(table[7]), (1,), RULES),
        carray(_pointer(table[8]), (n, a), np.float32),
        carray(_pointer(table[9]), (2, a), np.float64),
        carray(_pointer(table[10]), (n, a), np.float64),
        carray(_pointer(table[11]), (n, d), np.float32),
        carray(_pointer(table[12]), (room,), FILL),
        carray(_pointer(table[13]), (n, 4), np.float64),
    )


class BoundStep:
    """`act` with its arguments: call it after writing the actions. It keeps the arrays that it points to."""

    __slots__ = ("arrays", "table")

    def __init__(self, *arrays: Any) -> None:
        wanted: tuple[Any, ...] = (
            ACCOUNT,
            POSITION,
            BAR,
            ROW,
            "f4",
            "f4",
            INSTRUMENT,
            RULES,
            "f4",
            "f8",
            "f8",
            "f4",
            FILL,
            "f8",
        )
        for array, dtype in zip(arrays, wanted, strict=True):
            if array.dtype != np.dtype(dtype) or not array.flags.c_contiguous:
                raise TypeError(f"a kernel reads {dtype} without gaps, not {array.dtype} {array.strides}")
        accounts, positions, bars, _, features = arrays[:5]
        observations, log = arrays[11], arrays[12]
        n, a = positions.shape
        shapes = (accounts.shape[0], a, bars.shape[0], features.shape[1], observations.shape[1], log.shape[0])
        expected = [
            (n,),
            (n, a),
            (len(bars), a),
            (len(bars),),
            (len(bars), features.shape[1]),
            (len(bars), 4),
        ]
        expected += [(a,), (1,), (n, a), (2, a), (n, a), observations.shape, log.shape, (n, 4)]
        if [array.shape for array in arrays] != expected or len(observations) != n:
            raise TypeError(f"shapes do not fit together: {[array.shape for array in arrays]}")
        self.arrays = arrays
        self.table = np.array([array.ctypes.data for array in arrays] + list(shapes), np.int64)

    def __call__(self) -> int:
        """One bar for every account; returns how many episodes ended."""
        return _act_at(self.table)
