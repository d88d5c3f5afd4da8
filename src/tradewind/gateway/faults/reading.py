"""Input of the control API and of scenario files, read value by value; what does not fit is a `ConfigError`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from tradewind.market import ConfigError
from tradewind.market.suggestions import suggestion

E = TypeVar("E", bound=StrEnum)
REQUIRED: Any = object()
LONGEST_TEXT = 200


class Values:
    """Named values of one command. Each is taken once; `done` refuses what nobody took."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        if not isinstance(values, Mapping):
            raise ConfigError(f"{where} takes an object of named values, not {values!r}")
        self._values = dict(values)
        self._known: list[str] = []
        self._where = where

    def has(self, name: str) -> bool:
        self._known.append(name)
        return name in self._values

    def any(self, name: str, default: Any = REQUIRED) -> Any:
        self._known.append(name)
        if name in self._values:
            return self._values.pop(name)
        if default is REQUIRED:
            near = get_close_matches(name, self._values, n=1, cutoff=0.7)
            hint = f": did you mean it by {near[0]}?" if near else ""
            raise ConfigError(f"{self._where} needs {name}, which is missing{hint}")
        return default

    def text(self, name: str, default: str = REQUIRED) -> str:
        value = self.any(name, default)
        if not isinstance(value, str) or (default is REQUIRED and not value):
            raise self._wrong(name, value, "text")
        if len(value) > LONGEST_TEXT:
            raise ConfigError(
                f"{name} of {self._where} has {len(value)} characters, at most {LONGEST_TEXT} fit"
            )
        return value

    def flag(self, name: str, default: bool = REQUIRED) -> bool:
        value = self.any(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def whole(self, name: str, default: int = REQUIRED, low: int = 0, high: int = 2**53) -> int:
        """A whole number from `low` to `high`; a float that is whole will do."""
        value = self.any(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, value, f"a whole number from {low} to {high}")
        return value

    def number(self, name: str, default: float = REQUIRED, low: float = 0.0, high: float = 1e15) -> float:
        value = self.any(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def amount(self, name: str, default: Decimal = REQUIRED) -> Decimal:
        """A finite decimal, given as text or as a number."""
        return self._decimal(name, self.any(name, default))

    def amounts(self, name: str) -> dict[str, Decimal]:
        """Amounts by coin."""
        value = self.any(name, {})
        if not isinstance(value, Mapping):
            raise self._wrong(name, value, 'amounts by coin, such as {"USDT": "1000"}')
        return {str(coin): self._decimal(f"{name}.{coin}", amount) for coin, amount in value.items()}

    def words(self, name: str, default: Iterable[str] = ()) -> tuple[str, ...]:
        value = self.any(name, list(default))
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, value, "a list of text")
        return tuple(value)

    def choice(self, name: str, kind: type[E], default: E = REQUIRED) -> E:
        return self._one_of(name, self.any(name, default), kind)

    def choices(self, name: str, kind: type[E]) -> frozenset[E]:
        return frozenset(self._one_of(name, value, kind) for value in self.words(name))

    def part(self, name: str) -> Values:
        """A table of values within."""
        return Values(self.any(name, {}), f"{name} of {self._where}")

    def rest(self) -> dict[str, Any]:
        """Everything not taken yet."""
        rest, self._values = self._values, {}
        return rest

    def done(self) -> None:
        """`ConfigError` when something was given that nobody knows."""
        for name in self._values:
            raise ConfigError(
                f"{self._where} knows no {name}: {suggestion(name, dict.fromkeys(self._known))}"
            )

    def _decimal(self, name: str, value: Any) -> Decimal:
        if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
            try:
                amount = Decimal(str(value))
            except InvalidOperation:
                raise self._wrong(name, value, "a decimal number") from None
            if amount.is_finite() and abs(amount) < Decimal(10) ** 18:
                return amount
        raise self._wrong(name, value, "a decimal number below 1e18")

    def _one_of(self, name: str, value: Any, kind: type[E]) -> E:
        try:
            return kind(value)
        except ValueError:
            names = [choice.value for choice in kind]
            raise self._wrong(name, value, f"one of {', '.join(names)}") from None

    def _wrong(self, name: str, value: Any, expected: str) -> ConfigError:
        return ConfigError(f"{name} of {self._where} is {value!r:.80}, expected {expected}")
