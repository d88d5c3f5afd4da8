"""The numbers that the gate judges by: one versioned file, `thresholds.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradewind.market import ConfigError
from tradewind.market.suggestions import suggestion

FILE = Path(__file__).with_name("thresholds.toml")

Share = Annotated[float, Field(ge=0, le=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Ratio = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Bootstrap(_Part):
    seed: Annotated[int, Field(ge=0)]
    draws: Annotated[int, Field(ge=100)]
    confidence: Inside


class Integrity(_Part):
    equity_difference: Ratio


class Statistics(_Part):
    """Limits of G2, (a) to (g)."""

    median_sharpe: float
    positive_paths: Share
    worst_path: float
    walk_forward_psr: Inside
    dsr: Inside
    loss_probability: Share
    pbo: Share
    family_psr: Inside
    spa_p: Inside
    seeds: Annotated[int, Field(ge=2)]
    positive_seeds: Share
    seed_deviation: Ratio
    random_policies: Count
    random_quantile: Inside


class Economics(_Part):
    """Limits of G3."""

    psr_at_double_costs: Inside
    cagr_at_triple_costs: Annotated[float, Field(gt=-1)]
    edge_to_cost: Ratio
    drawdown: Inside
    month_share: Share
    instrument_share: Share
    instruments: Annotated[int, Field(ge=2)]
    capacity: Ratio


class Robustness(_Part):
    """Limits of G4."""

    sharpe_loss: Share
    regime_sharpe: float
    regime_days: Annotated[int, Field(ge=20)]
    vault_significance: Inside


class Thresholds(_Part):
    """All of them. `worlds` is the share of what is attainable in each, unless a learner brings its own."""

    version: Count
    bootstrap: Bootstrap
    integrity: Integrity
    worlds: dict[str, Share]
    statistics: Statistics
    economics: Economics
    robustness: Robustness


@cache
def thresholds() -> Thresholds:
    """Those of this version of the program."""
    return read_thresholds(FILE)


def read_thresholds(path: Path) -> Thresholds:
    """Those of a file; `ConfigError` names the first that is missing, unknown or impossible."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return Thresholds.model_validate(values, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(f"{path}: {_told(dict(first))}") from error


def _told(error: Mapping[str, Any]) -> str:
    place = [str(part) for part in error["loc"]]
    name = ".".join(place)
    if error["type"] == "missing":
        return f"{name} is missing: every threshold is needed"
    if error["type"] == "extra_forbidden":
        return f"unknown threshold {name}: {suggestion(place[-1], _known(place[:-1]), '')}"
    return f"{name} is {error['input']!r}: {error['msg'].lower()}"


def _known(place: list[str]) -> list[str]:
    """The thresholds of the table at `place`."""
    part: type[BaseModel] = Thresholds
    for name in place:
        kind = part.model_fields[name].annotation
        part = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else part
    return list(part.model_fields)
