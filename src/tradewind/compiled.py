"""How kernels are compiled: one decorator, one cache, keyed by the source of every kernel.

Numba's own cache looks only at the file of the function that is called, not at what that function
calls; so the folder of the cache is named by a hash of all modules that hold kernels.
No fastmath anywhere: the same operations in the same order give the same bits in batch and live.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import cgutils
from numba.extending import intrinsic

_PACKAGE = Path(__file__).parent
_KERNEL_FOLDERS = (
    "market",
    "account",
    "features",
    "policy",
    "risk",
    "simulator",
    "statistics",
    "data",
    "training",
)

F = TypeVar("F", bound=Callable[..., Any])


def _source_digest() -> str:
    digest = hashlib.blake2b(digest_size=6)
    kernels = sorted(p for folder in _KERNEL_FOLDERS for p in (_PACKAGE / folder).glob("**/*.py"))
    for path in (Path(__file__), *kernels):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache_folder() -> Path:
    root = os.environ.get("TRADEWIND_KERNEL_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tradewind", "kernels"
    )
    return Path(root) / _source_digest()


_numba: Any = numba
_llvm: Any = cgutils  # numba's helpers have no types
_numba.config.CACHE_DIR = str(_cache_folder())


def compiled(function: F) -> F:
    """Compile on first call, cached on disk, without reference counting: no array may be made inside."""
    return cast(F, _numba.njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)(function))


def compiled_allocating(function: F) -> F:
    """As `compiled`, for functions that make arrays. Not for what runs at every step."""
    return cast(F, _numba.njit(cache=True, error_model="numpy")(function))


def _build_expectation(_context: Any, condition: Any) -> Any:
    """For the compiler: the type and the instruction of `rarely`."""

    def build(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        (flag,) = arguments
        function = _llvm.ir.FunctionType(flag.type, (flag.type, flag.type))
        expect = builder.module.declare_intrinsic("llvm.expect", (flag.type,), function)
        return builder.call(expect, (flag, flag.type(0)))

    return condition(condition), build


rarely: Any = intrinsic(_build_expectation)
"""`rarely(condition)` is the condition, and a hint that it seldom holds.

The processor then guesses that it does not and goes on; without the hint the compiler may compute both
outcomes, and all that follows waits for the condition.
"""
