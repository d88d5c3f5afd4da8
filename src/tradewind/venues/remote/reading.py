"""Reads what a venue sent, strictly: what is not as documented is `Unreadable`, never a default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from tradewind.market import VenueUnavailable

Row = Mapping[str, Any]
T = TypeVar("T")


class Unreadable(VenueUnavailable):
    """The venue's words are not those that its documentation promises: nothing was learnt from them."""


def row_of(value: object) -> Row:
    if not isinstance(value, Mapping):
        raise Unreadable(f"expected a table, got {_shown(value)}")
    return value


def rows_of(value: object) -> Iterator[Row]:
    """Of a list; nothing at all (None) is as little as an empty list."""
    if value is None:
        return
    if not isinstance(value, list | tuple):
        raise Unreadable(f"expected a list, got {_shown(value)}")
    for entry in value:
        yield row_of(entry)


def text(row: Row, name: str) -> str:
    """A name or an id; numbers are ids too, of any size."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Unreadable(f"{name} is {_shown(value)}, expected a text in {_keys(row)}")
    return str(value)


def maybe_text(row: Row, name: str) -> str:
    """Empty where it is left out."""
    return "" if row.get(name) in (None, "") else text(row, name)


def decimal(row: Row, name: str) -> Decimal:
    """An exact, finite number."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable(f"{name} is {_shown(value)}, expected a number in {_keys(row)}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Unreadable(f"{name} is {_shown(value)}, expected a number") from None
    if not number.is_finite():
        raise Unreadable(f"{name} is {_shown(value)}, expected a finite number")
    return number


def maybe_decimal(row: Row, name: str) -> Decimal | None:
    """None where it is left out."""
    return None if row.get(name) in (None, "") else decimal(row, name)


def positive(row: Row, name: str) -> Decimal:
    number = decimal(row, name)
    if number <= 0:
        raise Unreadable(f"{name} is {number}, expected more than zero")
    return number


def whole(row: Row, name: str) -> int:
    """A whole number, such as a time in ms."""
    number = decimal(row, name)
    if number != int(number):
        raise Unreadable(f"{name} is {number}, expected a whole number")
    return int(number)


def flag(row: Row, name: str) -> bool:
    value = row.get(name)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Unreadable(f"{name} is {_shown(value)}, expected true or false")


def word(row: Row, name: str, words: Mapping[str, T]) -> T:
    """What a word stands for; one that nobody knows is `Unreadable`."""
    said = text(row, name)
    if said not in words:
        raise Unreadable(f"{name} is {said!r}, known are {', '.join(words)}")
    return words[said]


def exact(value: Decimal) -> str:
    """The number as venues want it: all digits, no exponent, no zeros at the end."""
    return f"{value.normalize():f}"


def _shown(value: object) -> str:
    return f"{value!r:.60}"


def _keys(row: Row) -> str:
    return f"{', '.join(map(str, row)):.120}"
