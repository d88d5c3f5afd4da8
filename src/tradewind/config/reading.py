"""A table of a TOML file as a validated part of the settings; what is wrong is named, with a suggestion."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.simulator import Reward
from tradewind.trading.journal.redaction import Redactor

OFF = "off"


class Part(BaseModel):
    """A table that no component of its own reads: strict, and frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


P = TypeVar("P", bound=Part)
D = TypeVar("D")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file; `ConfigError` if it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def overridden(tree: dict[str, Any], override: str) -> dict[str, Any]:
    """The tree with `rules.risk.stop_loss=0.03` put in. What is no TOML value is taken as text."""
    key, equals, text = override.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or len(names) < 2 or not all(names):
        raise ConfigError(f"--set {override} is not TABLE.KEY=VALUE: write for example rules.leverage=2")
    try:
        value = tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    return _with(tree, names, value, override)


def _with(tree: dict[str, Any], names: Sequence[str], value: Any, override: str) -> dict[str, Any]:
    if len(names) == 1:
        return {**tree, names[0]: value}
    below = tree.get(names[0], {})
    if not isinstance(below, dict):
        raise ConfigError(f"--set {override}: {names[0]} is a value, not a table that has {names[1]}")
    return {**tree, names[0]: _with(below, names[1:], value, override)}


def built(part: type[D], table: dict[str, Any], prefix: str) -> D:
    """A dataclass from its table, as `typed` reads it. What the dataclass itself refuses gets the prefix too."""
    values = typed(part, table, prefix)
    try:
        return part(**values)
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from error


def typed(part: type[Any], table: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A table for `part`, a dataclass, with every value of its field's type and "off" as None.

    `ConfigError` names the key that is unknown or holds something else. Nested dataclasses are tables.
    """
    hints = get_type_hints(part)
    result: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            raise ConfigError(f"unknown setting {prefix}{key}: {suggestion(key, list(hints), prefix)}")
        kinds = get_args(hints[key]) if NoneType in get_args(hints[key]) else (hints[key],)
        if value == OFF and NoneType in kinds:
            result[key] = None
        elif is_dataclass(kinds[0]):
            if not isinstance(value, dict):
                raise ConfigError(f"{prefix}{key} is {shown(value)}, expected a table [{prefix}{key}]")
            result[key] = typed(kinds[0], value, f"{prefix}{key}.")  # type: ignore[arg-type]
        else:
            result[key] = _checked(f"{prefix}{key}", value, kinds)
    return result


def _checked(name: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    kind, truth = kinds[0], isinstance(value, bool)
    off = f', or "{OFF}"' if NoneType in kinds else ""
    if kind is float:
        endless = name.endswith("max_weight") and value in ("inf", math.inf)
        if endless or (isinstance(value, int | float) and not truth and math.isfinite(value)):
            return value
        expected = "a number"
    elif kind is int:
        if isinstance(value, int) and not truth:
            return value
        expected = "a whole number"
    elif kind is bool:
        if truth:
            return value
        expected = "true or false"
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        names = [one.value for one in kind]
        if value in names:
            return kind(value)
        meant = suggestion(value, names) if isinstance(value, str) else f"known are {', '.join(names)}"
        raise ConfigError(f"{name} is {shown(value)}: {meant}")
    elif kind == tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        expected = 'a list of texts in quotes, such as ["a", "b"]'
    elif kind is str or kind is Reward:
        if isinstance(value, str):
            return value
        expected = "a text in quotes"
    else:
        return value  # a list or a table, which its own part judges
    raise ConfigError(f"{name} is {shown(value)}, expected {expected}{off}")


def parse_part(name: str, part: type[P], values: dict[str, Any]) -> P:
    """A table for `part`; `ConfigError` names the first key that is unknown or holds something else."""
    for key in values:
        if key not in part.model_fields:
            raise ConfigError(
                f"unknown setting {name}.{key}: {suggestion(key, list(part.model_fields), f'{name}.')}"
            )
    try:
        return part.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(p) for p in first["loc"])
        said = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        said = said if said.startswith("expected") else f"expected {said}"
        raise ConfigError(f"{name}.{place} is {shown(first['input'])}, {said}") from error


def shown(value: Any) -> str:
    """A wrong value as an error repeats it: were it a secret, it would not."""
    return Redactor().text(repr(value))
