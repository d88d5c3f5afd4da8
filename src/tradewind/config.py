"""One validated tree of settings for a training run, from TOML; each component takes its part.

[market]     venue, symbols, timeframe, start, end, gap_tolerance_bars
[features]   preset, or plan = [...]; scaling, clip
[rules]      lookback, leverage, band ...; [rules.costs], [rules.risk]
[training]   algorithm, steps, net, seed ...; [training.hyperparameters]
[account]    capital
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradewind.features import FeaturePlan, FeatureSpec, preset
from tradewind.market.errors import ConfigError
from tradewind.simulator import Rules


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
    clip: float = Field(5.0, gt=0)

    def feature_plan(self) -> FeaturePlan:
        if self.plan is None:
            return preset(self.preset)
        return FeaturePlan(tuple(FeatureSpec.from_dict(item) for item in self.plan))


class AccountSettings(_Part):
    capital: float = Field(10_000.0, gt=0)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree. `training` stays a table: the training package validates it where torch is there."""

    market: MarketSettings = field(default_factory=lambda: MarketSettings.model_validate({}))
    features: FeatureSettings = field(default_factory=lambda: FeatureSettings.model_validate({}))
    rules: Rules = field(default_factory=Rules)
    account: AccountSettings = field(default_factory=lambda: AccountSettings.model_validate({}))
    training: dict[str, Any] = field(default_factory=dict)


_PARTS: dict[str, type[_Part]] = {
    "market": MarketSettings,
    "features": FeatureSettings,
    "account": AccountSettings,
}


def load_settings(path: Path | None) -> Settings:
    """The settings of a TOML file, all defaults without one. `ConfigError` names the first wrong key."""
    if path is None:
        return Settings()
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return parse_settings(tree)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_settings(tree: dict[str, Any]) -> Settings:
    """As `load_settings`, from tables that are read already."""
    known = [*_PARTS, "rules", "training"]
    for key, value in tree.items():
        if key not in known:
            raise ConfigError(f"unknown table [{key}]{_hint(key, known)}")
        if not isinstance(value, dict):
            raise ConfigError(f"{key} is {value!r}, expected a table [{key}]")
    parts: dict[str, Any] = {
        name: _parse_part(name, part, tree.get(name, {})) for name, part in _PARTS.items()
    }
    return Settings(**parts, rules=Rules.from_dict(tree.get("rules", {})), training=tree.get("training", {}))


def _parse_part(name: str, part: type[_Part], values: dict[str, Any]) -> _Part:
    for key in values:
        if key not in part.model_fields:
            raise ConfigError(f"unknown setting {name}.{key}{_hint(key, list(part.model_fields))}")
    try:
        return part.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(p) for p in first["loc"])
        raise ConfigError(f"{name}.{place} is {first['input']!r}: {first['msg'].lower()}") from error


def _hint(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]}?" if near else f": known are {', '.join(known)}"
