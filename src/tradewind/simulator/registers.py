"""Records as local variables of a kernel, so that a long loop keeps them in registers.

A store into an array may have changed any other array, for all that the compiler knows, so it reads every
field anew after each store. A copy that nobody else can see is taken apart into plain values.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_llvm: Any = cgutils  # numba's helpers have no types


def _size(context: Any, records: Any) -> Any:
    return context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(records.dtype)))


def _build_copy(_context: Any, records: Any) -> Any:
    """For the compiler: the type and the instructions of `first_record`."""
    alone = types.Array(records.dtype, records.ndim, "C")

    def build(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        source = context.make_array(records)(context, builder, arguments[0])
        copy = context.make_array(alone)(context, builder)
        size, one = _size(context, records), context.get_constant(types.intp, 1)
        words = _llvm.alloca_once(
            builder, _llvm.ir.ArrayType(size.type, size.constant // 8)
        )  # 8 bytes a field
        _llvm.raw_memcpy(builder, words, source.data, size, 1, align=8)
        context.populate_array(
            copy,
            data=builder.bitcast(words, copy.data.type),
            shape=_llvm.pack_array(builder, [one] * records.ndim),
            strides=_llvm.pack_array(builder, [size] * records.ndim),
            itemsize=size,
            meminfo=None,
        )
        return copy._getvalue()

    return alone(records), build


def _build_return(_context: Any, copy: Any, records: Any) -> Any:
    """For the compiler: the type and the instructions of `put_back`."""

    def build(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        source = context.make_array(copy)(context, builder, arguments[0])
        target = context.make_array(records)(context, builder, arguments[1])
        _llvm.raw_memcpy(builder, target.data, source.data, _size(context, records), 1, align=8)
        return context.get_dummy_value()

    return types.void(copy, records), build


first_record: Any = intrinsic(_build_copy)
"""`first_record(records)`: an array of one record, a copy of the first; it lives as long as the call."""

put_back: Any = intrinsic(_build_return)
"""`put_back(copy, records)`: overwrite the first of `records` with the copy."""
