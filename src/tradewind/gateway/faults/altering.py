"""Changing JSON that is on its way: values set, deleted or scaled by path; candles by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.market import ConfigError
from tradewind.market.suggestions import suggestion

_KLINE = {"time": "t", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "closed": "x"}
_ROW = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}


@dataclass(frozen=True, slots=True)
class Alteration:
    """Paths are dotted, `*` stands for every item: `data.*.size`. Numbers stay text where they were text.

    `candle` names open, high, low, close, volume, time or closed, whatever the venue calls them: in the frames
    and rows of both venues. A value there is set as it is; text like `x10` multiplies.
    """

    put: Mapping[str, Any] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    scale: Mapping[str, float] = field(default_factory=dict)
    candle: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.candle:
            if name not in _KLINE:
                raise ConfigError(f"a candle has no {name!r}: {suggestion(name, _KLINE)}")

    def apply(self, message: Any) -> Any:
        """The message, changed in place; paths that lead nowhere change nothing."""
        for path, value in self.put.items():
            for owner, key in _places(message, path.split("."), make=True):
                owner[key] = value
        for path in self.delete:
            for owner, key in list(_places(message, path.split(".")))[::-1]:
                del owner[key]
        for path, factor in self.scale.items():
            for owner, key in _places(message, path.split(".")):
                owner[key] = _times(owner[key], factor)
        if self.candle:
            for owner, names in _candles(message):
                for name, value in self.candle.items():
                    key = names.get(name)
                    if key is not None:
                        owner[key] = _changed(owner[key], value)
        return message


def text_of(message: Any) -> str:
    """JSON as venues write it; NaN and infinities as Python does, which strict readers refuse."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def _places(message: Any, parts: list[str], make: bool = False) -> Iterator[tuple[Any, Any]]:
    first, rest = parts[0], parts[1:]
    if isinstance(message, list):
        if first == "*":
            keys: list[Any] = list(range(len(message)))
        elif first.lstrip("-").isdecimal() and -len(message) <= int(first) < len(message):
            keys = [int(first)]
        else:
            keys = []
    elif isinstance(message, dict):
        keys = list(message) if first == "*" else [first] if first in message or (make and not rest) else []
    else:
        keys = []
    for key in keys:
        if rest:
            yield from _places(message[key], rest, make)
        else:
            yield message, key


def _candles(message: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Every candle within, with the names of its parts: Binance's `k`, and rows of either venue."""
    if isinstance(message, dict):
        if isinstance(message.get("k"), dict):
            yield message["k"], _KLINE
        for name in ("data", "result"):
            yield from _candles(message.get(name))
    elif isinstance(message, list):
        for item in message:
            if isinstance(item, list) and len(item) >= 6:
                yield item, _ROW
            elif isinstance(item, dict):
                yield from _candles(item)


def _changed(old: Any, value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "x":
        try:
            return _times(old, float(value[1:]))
        except ValueError:
            return value
    if isinstance(old, str) and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if abs(value) >= 1e15 else str(value)
    return value


def _times(old: Any, factor: float) -> Any:
    if isinstance(old, bool) or old is None:
        return old
    if isinstance(old, str):
        try:
            number = float(old) * factor
        except ValueError:
            return old
        decimals = len(old.partition(".")[2])
        return f"{number:.{decimals}f}" if decimals or number.is_integer() else str(number)
    if isinstance(old, int):
        return int(old * factor)
    return old * factor if isinstance(old, float) else old
