"""Help with a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from tradewind.market.errors import ConfigError


def suggestion(word: str, known: Iterable[str], prefix: str = "") -> str:
    """`did you mean x?` with the nearest known word, else all of them: `known are a, b`."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {prefix}{near[0]}?" if near else f"known are {', '.join(words) or 'none'}"


def refuse_unknown(values: Mapping[str, Any], part: type[Any], prefix: str = "") -> None:
    """`ConfigError` for the first key that is no field of the dataclass `part`."""
    known = [field.name for field in fields(part)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown setting {prefix}{key}: {suggestion(key, known, prefix)}")


def refuse_percent(name: str, value: float, most: float = 1.0) -> None:
    """`ConfigError` unless `value` is a fraction above 0 and at most `most`; says what was meant by a percent."""
    if 0 < value <= most:
        return
    hint = f"; did you mean {value / 100:g}?" if most < value <= 100 * most else ""
    raise ConfigError(f"{name} is {value:g}, expected a fraction above 0 and at most {most:g}{hint}")
