"""The table [study] of a study's file: what is searched, on which splits, with how many runs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tradewind.market import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.training.settings import ALGORITHMS

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_SEARCHED = ("training", "rules", "features")
_OWN = ("training.algorithm", "training.steps", "training.seed")  # the study's own settings say these


class SchemeName(StrEnum):
    CPCV = "cpcv"
    K_FOLD = "kfold"
    WALK_FORWARD = "walk_forward"


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How development is split. `groups` are the folds of kfold, and the tested folds of walk_forward.

    `tested` of the groups are tested at once (cpcv). `first_groups` are for training alone (walk_forward); with
    `rolling`, training takes so many before each test instead of all. `embargo_bars` None: what the features look
    back on, or 1 % of the rows, whichever is longer. A fragment shorter than `least_bars` is refused.
    """

    scheme: SchemeName = SchemeName.CPCV
    groups: int = 6
    tested: int = 2
    first_groups: int = 1
    rolling: bool = False
    embargo_bars: int | None = None
    least_bars: int = 48

    def __post_init__(self) -> None:
        if self.embargo_bars is not None and self.embargo_bars < 0:
            raise ConfigError(
                f"splits.embargo_bars is {self.embargo_bars}, expected 0 or more, or leave it out"
            )


@dataclass(frozen=True, slots=True)
class PruningSettings:
    """When a trial is given up: where the runs that it has finished score below those of earlier trials.

    It is asked after every `every_runs` runs of a trial (None: once the first seed has had half of its splits, and
    so on), and answered by the `quantile` of what the trials of earlier batches had scored by then, once at
    least `warmup_trials` of them got so far. "off" for `quantile` never prunes.
    """

    quantile: float | None = 0.5
    warmup_trials: int = 5
    every_runs: int | None = None

    def __post_init__(self) -> None:
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise ConfigError(
                f"pruning.quantile is {self.quantile:g}, expected a share between 0 and 1, or off"
            )
        if self.warmup_trials < 1:
            raise ConfigError(f"pruning.warmup_trials is {self.warmup_trials}, expected 1 or more")
        if self.every_runs is not None and self.every_runs < 1:
            raise ConfigError(f"pruning.every_runs is {self.every_runs}, expected 1 or more, or leave it out")


@dataclass(frozen=True, slots=True)
class Range:
    """A number between `low` and `high`, ends included; whole where both are. `log` spreads it over magnitudes."""

    low: float
    high: float
    log: bool = False
    only: tuple[str, ...] = ()  # the algorithms that have this setting; none: all

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these values: numbers, texts, truths or lists."""

    values: tuple[Any, ...]
    only: tuple[str, ...] = ()


Domain = Range | Choice


@dataclass(frozen=True, slots=True)
class StudySettings:
    """A study but its data and its recipe. `steps` are of one run; `vault` is the share of the bars kept shut.

    `batch` trials are asked together, before any of them is told: the same study asks the same trials, however
    many workers it has. `seed` is that of the search. `storage` is a PostgreSQL URL, or None for a file.
    """

    name: str
    trials: int = 30
    batch: int = 4
    steps: int = 200_000
    seeds: tuple[int, ...] = (1, 2, 3)
    algorithms: tuple[str, ...] = ("ppo",)
    seed: int = 0
    vault: float | None = 0.15
    storage: str | None = None
    splits: SplitSettings = field(default_factory=SplitSettings)
    pruning: PruningSettings = field(default_factory=PruningSettings)
    search: Mapping[str, Any] = field(default_factory=dict)  # as the file has it; `space` reads it

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ConfigError(
                f"name is {self.name!r}, expected letters, digits, dots, dashes and underscores, at most 64: "
                "it becomes a folder"
            )
        for name in ("trials", "batch", "steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if self.trials < 2:
            raise ConfigError(
                "trials is 1, and one trial is no search: take 2 or more, or train that one with tradewind train"
            )
        object.__setattr__(self, "seeds", _seeds(self.seeds))
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed}, expected 0 or more")
        _check_algorithms("algorithms", self.algorithms)
        if not self.algorithms or len(set(self.algorithms)) != len(self.algorithms):
            raise ConfigError(f"algorithms are {list(self.algorithms)}, expected one or more, each once")
        if self.vault is not None and not 0 < self.vault < 0.9:
            raise ConfigError(f"vault is {self.vault:g}, expected a share of the bars such as 0.15, or off")
        self.space()

    def space(self) -> dict[str, Domain]:
        """The search space by the name of the setting, in the order of the file."""
        return {name: _domain(name, table) for name, table in self.search.items()}

    def variants(self, algorithm: str) -> list[dict[str, Any]]:
        """The recipe as it is, then with each searched setting at each of its ends or choices, one at a time."""
        found: list[dict[str, Any]] = [{}]
        for name, domain in self.space().items():
            if not domain.only or algorithm in domain.only:
                ends = (domain.low, domain.high) if isinstance(domain, Range) else domain.values
                found += [{name: value} for value in ends]
        return found

    @classmethod
    def built(cls, values: dict[str, Any]) -> Self:
        """From values of the right types. `ConfigError` names what is missing or wrong."""
        if "name" not in values:
            raise ConfigError('name is missing: call the study something, such as name = "ten-coins"')
        return cls(**values)

    def told(self) -> str:
        """The split scheme in words."""
        s = self.splits
        if s.scheme is SchemeName.CPCV:
            return f"cpcv, {s.groups} groups, {s.tested} tested"
        if s.scheme is SchemeName.K_FOLD:
            return f"kfold, {s.groups} groups"
        return f"walk-forward, {s.groups} folds, {'rolling' if s.rolling else 'anchored'}"


def _seeds(seeds: Any) -> tuple[int, ...]:
    listed = isinstance(seeds, list | tuple) and len(seeds) > 0
    if not listed or any(not isinstance(s, int) or isinstance(s, bool) or s < 0 for s in seeds):
        raise ConfigError(f"seeds is {seeds!r}, expected a list of whole numbers such as [1, 2, 3]")
    if len(set(seeds)) != len(seeds):
        raise ConfigError(f"seeds are {list(seeds)}, expected all different")
    return tuple(seeds)


def _check_algorithms(name: str, algorithms: Any) -> None:
    for one in algorithms:
        if one not in ALGORITHMS:
            raise ConfigError(f"{name} name {one!r}, which is not known: {suggestion(str(one), ALGORITHMS)}")


def _domain(name: str, table: Any) -> Domain:
    """`{ low = 1e-4, high = 1e-2, log = true }` or `{ choices = [1, 4] }`, either with `only = ["ppo"]`."""
    key = f"search.{name}"
    if not isinstance(table, dict):
        raise ConfigError(f"{key} is {table!r}, expected {{ low = 0.1, high = 1 }} or {{ choices = [1, 4] }}")
    if name.partition(".")[0] not in _SEARCHED or "." not in name:
        raise ConfigError(
            f"{key} is no setting that can be searched: expected one of training, rules or features, such as "
            '"rules.lookback"'
        )
    if name in _OWN:
        raise ConfigError(f"{key} is a setting of the study itself: write study.{name.rpartition('.')[2]}")
    known = ("choices", "only") if "choices" in table else ("low", "high", "log", "only")
    for given in table:
        if given not in known:
            raise ConfigError(f"unknown setting {key}.{given}: {suggestion(given, known)}")
    only = tuple(table.get("only", ()))
    _check_algorithms(f"{key}.only", only)
    if "choices" in table:
        values = table["choices"]
        if not isinstance(values, list) or not values:
            raise ConfigError(f"{key}.choices is {values!r}, expected a list of one value or more")
        return Choice(tuple(values), only)
    return _range(key, table, only)


def _range(key: str, table: dict[str, Any], only: tuple[str, ...]) -> Range:
    log = table.get("log", False)
    for end in ("low", "high"):
        value = table.get(end)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise ConfigError(f"{key}.{end} is {value!r}, expected a number")
    if not isinstance(log, bool):
        raise ConfigError(f"{key}.log is {log!r}, expected true or false")
    if not table["low"] < table["high"]:
        raise ConfigError(f"{key} goes from {table['low']} to {table['high']}, expected low below high")
    if log and table["low"] <= 0:
        raise ConfigError(f"{key}.low is {table['low']}, and a log scale begins above 0")
    return Range(table["low"], table["high"], log, only)
