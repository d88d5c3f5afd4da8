"""One validated tree of settings for a training run, from TOML; each component takes its part.

[market]     venue, symbols, timeframe, start, end, gap_tolerance_bars
[features]   preset, or plan = [...]; scaling, clip
[rules]      lookback, leverage, band ...; [rules.costs], [rules.risk]
[training]   algorithm, steps, net, seed ...; [training.hyperparameters]
[account]    capital

"off" switches a setting off that may be absent: TOML has no null.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tradewind.features import FeaturePlan, FeatureSpec, preset
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.simulator import Reward, Rules

OFF = "off"
SCALINGS = ("robust", "minmax", "none")
_SHARES_OF_EQUITY = ("max_weight", "max_gross", "max_net")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MarketSettings(_Part):
    """Which candles. `start` and `end`: a date, a share of what is stored (2/3, 66%), or -7d from the end."""

    venue: str | None = None
    symbols: list[str] = Field(default_factory=list)
    timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    gap_tolerance_bars: int = Field(0, ge=0)


class FeatureSettings(_Part):
    """Which features: a preset by name, or a plan of names and tables; how they are scaled."""

    preset: str = "default"
    plan: list[Any] | None = None
    scaling: str = "robust"
    clip: float = Field(5.0, gt=0, allow_inf_nan=False)

    @field_validator("scaling")
    @classmethod
    def _known_scaling(cls, value: str) -> str:
        if value not in SCALINGS:
            raise ValueError(f"expected one of {', '.join(SCALINGS)}")
        return value

    def feature_plan(self) -> FeaturePlan:
        if self.plan is None:
            return preset(self.preset)
        return FeaturePlan(tuple(FeatureSpec.from_dict(item) for item in self.plan))


class AccountSettings(_Part):
    capital: float = Field(10_000.0, gt=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree. `training` stays a table: the training package validates it where torch is there.

    `stated` names the tables that a file or `--set` filled in; the others are defaults.
    """

    market: MarketSettings = field(default_factory=lambda: MarketSettings.model_validate({}))
    features: FeatureSettings = field(default_factory=lambda: FeatureSettings.model_validate({}))
    rules: Rules = field(default_factory=Rules)
    account: AccountSettings = field(default_factory=lambda: AccountSettings.model_validate({}))
    training: dict[str, Any] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()


_PARTS: dict[str, type[_Part]] = {
    "market": MarketSettings,
    "features": FeatureSettings,
    "account": AccountSettings,
}


def load_settings(path: Path | None, overrides: Iterable[str] = ()) -> Settings:
    """The settings of a TOML file, all defaults without one, then `KEY=VALUE` overrides.

    `ConfigError` names the first wrong key.
    """
    tree = {} if path is None else _read_toml(path)
    try:
        parse_settings(tree)  # so that an error names the file if it is the file's
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    for override in overrides:
        tree = _overridden(tree, override)
    return parse_settings(tree)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _overridden(tree: dict[str, Any], override: str) -> dict[str, Any]:
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


def parse_settings(tree: dict[str, Any]) -> Settings:
    """As `load_settings`, from tables that are read already."""
    known = [*_PARTS, "rules", "training"]
    for key, value in tree.items():
        if key not in known:
            raise ConfigError(f"unknown table [{key}]: {suggestion(key, known)}")
        if not isinstance(value, dict):
            raise ConfigError(f"{key} is {value!r}, expected a table [{key}]")
    parts: dict[str, Any] = {
        name: _parse_part(name, part, tree.get(name, {})) for name, part in _PARTS.items()
    }
    rules = parse_rules(tree.get("rules", {}))
    return Settings(**parts, rules=rules, training=dict(tree.get("training", {})), stated=frozenset(tree))


def parse_rules(table: dict[str, Any]) -> Rules:
    """The trading rules of a table [rules]; `ConfigError` on unknown keys, wrong types and percents."""
    given = typed(Rules, table, "rules.")
    if isinstance(given.get("reward"), str):
        names = [r.name.lower() for r in Reward]
        if given["reward"] not in names:
            raise ConfigError(f"rules.reward is {given['reward']!r}: {suggestion(given['reward'], names)}")
    rules = Rules.from_dict(given)
    return with_leverage(rules, rules.leverage)


def with_leverage(rules: Rules, leverage: float) -> Rules:
    """The rules under another leverage. A cap above it would never bind, so it is refused as a slip."""
    for name in _SHARES_OF_EQUITY:
        value = getattr(rules.risk, name)
        if value is not None and leverage < value < math.inf:
            meant = f"; did you mean {value / 100:g}?" if value / 100 <= leverage and value >= 2 else ""
            raise ConfigError(
                f"rules.risk.{name} is {value:g}, above the leverage of {leverage:g}: expected a share of "
                f"equity up to it, such as 0.25{meant}"
            )
    return replace(rules, leverage=leverage)


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
                raise ConfigError(f"{prefix}{key} is {value!r}, expected a table [{prefix}{key}]")
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
    elif kind is str or kind is Reward:
        if isinstance(value, str):
            return value
        expected = "a text in quotes"
    else:
        return value  # a list or a table, which its own part judges
    raise ConfigError(f"{name} is {value!r}, expected {expected}{off}")


def _parse_part(name: str, part: type[_Part], values: dict[str, Any]) -> _Part:
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
        raise ConfigError(f"{name}.{place} is {first['input']!r}, {said}") from error
