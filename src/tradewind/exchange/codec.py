"""Dataclasses as JSON-able values and back, by their annotations. Decimals are text, enums their values."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tradewind.market import DataError

T = TypeVar("T")


def encode(value: Any, skip: tuple[str, ...] = ()) -> Any:
    """Plain values; `skip` names fields of the outermost dataclass to leave out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value) if f.name not in skip}
    if isinstance(value, dict):
        return {str(encode(k)): encode(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(encode(v) for v in value)
    if isinstance(value, list | tuple):
        return [encode(v) for v in value]
    return value


def decode(kind: type[T], values: Any) -> T:
    """What `encode` gave, as a `kind` again; fields that were left out take their defaults. `DataError` else."""
    try:
        decoded: T = _decode(kind, values)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise DataError(f"this does not describe a {kind.__name__}: {error!r}") from error
    return decoded


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _decode(next(k for k in inner if k is not type(None)), value)
    if origin is dict:
        return {_decode(inner[0], k): _decode(inner[1], v) for k, v in value.items()}
    if origin is tuple and len(inner) == 2 and inner[1] is not Ellipsis:
        return tuple(_decode(k, v) for k, v in zip(inner, value, strict=True))
    if origin in (list, set, frozenset, tuple):
        return origin(_decode(inner[0], v) for v in value)
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{name: _decode(hints[name], v) for name, v in value.items()})  # type: ignore[operator]
    if kind in (int, float, str, bool):
        return value
    return kind(value)  # Decimal and enums
