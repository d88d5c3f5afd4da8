"""A feature plan: which features, in which order, with which parameters. JSON in and out, hashed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from tradewind.features.catalogue import CATALOGUE, Feature, Parameter, Value
from tradewind.features.custom import CustomFeature, registered
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.market.timeframe import Timeframe

FEATURES_VERSION = 1  # rises when any kernel changes a value

_SPEC_KEYS = ("name", "params", "timeframe", "rank")
_PLAN_KEYS = ("version", "features")


def known_features() -> tuple[str, ...]:
    """Every name a spec may use: the library, then the user's own."""
    return (*CATALOGUE, *registered())


def find_feature(name: str) -> Feature | CustomFeature:
    """The feature of that name; `ConfigError` with the nearest known name when there is none."""
    feature = CATALOGUE.get(name) or registered().get(name)
    if feature is None:
        raise ConfigError(f"unknown feature {name!r}: {suggestion(name, known_features())}")
    return feature


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature of each instrument: its name and parameters (missing ones take their defaults).

    With `timeframe` (1h) it is computed on bars of that length, folded from the run's own, and shows the
    last closed one. With `rank` it is the rank of the value among the instruments of the row, in [-1, 1].
    Raises `ConfigError` on anything unknown or out of range.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=dict)
    timeframe: str | None = None
    rank: bool = False

    def __post_init__(self) -> None:
        feature = find_feature(self.name)
        known = parameters_of(feature)
        names = [p.name for p in known]
        if not isinstance(self.params, Mapping):
            raise ConfigError(f"{self.name}: params is {self.params!r}, expected a table of names and values")
        for given in self.params:
            if given not in names:
                raise ConfigError(f"{self.name}: unknown parameter {given!r}: {suggestion(given, names)}")
        values = {p.name: p.check(self.name, self.params.get(p.name, p.default)) for p in known}
        object.__setattr__(self, "params", MappingProxyType(values))
        if isinstance(feature, Feature):
            _check_rising(self.name, values, feature.indicator.rising)
        if self.timeframe is not None:
            object.__setattr__(self, "timeframe", Timeframe.from_ms(Timeframe(self.timeframe).ms).text)
        if not isinstance(self.rank, bool):
            raise ConfigError(f"{self.name}: rank is {self.rank!r}, expected true or false")

    def __hash__(self) -> int:
        return hash(self.label)

    def __reduce__(self) -> tuple[Any, ...]:
        return FeatureSpec, (self.name, dict(self.params), self.timeframe, self.rank)  # to worker processes

    @property
    def label(self) -> str:
        """The name of the column, parameters included: rsi_14, macd_12_26_9, rank_momentum_24, atr_14@1h."""
        known = parameters_of(find_feature(self.name))
        shown = [p for p in known if not p.choices or self.params[p.name] != p.default]
        parts = [self.name, *(_text(self.params[p.name]) for p in shown)]
        label = "_".join(parts) + (f"@{self.timeframe}" if self.timeframe else "")
        return f"rank_{label}" if self.rank else label

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; parameters are spelled out, so that a later default changes nothing."""
        made: dict[str, Any] = {"name": self.name, "params": dict(self.params)}
        if self.timeframe:
            made["timeframe"] = self.timeframe
        if self.rank:
            made["rank"] = True
        return made

    @classmethod
    def from_dict(cls, data: object) -> FeatureSpec:
        """The spec of a JSON object, or of a bare name; `ConfigError` on anything else."""
        if isinstance(data, str):
            return cls(data)
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            raise ConfigError(f"a feature is {data!r}, expected a name or a table with name and params")
        for key in data:
            if key not in _SPEC_KEYS:
                raise ConfigError(
                    f"feature {data['name']}: unknown key {key!r}: {suggestion(key, _SPEC_KEYS)}"
                )
        return cls(data["name"], data.get("params", {}), data.get("timeframe"), data.get("rank", False))


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """Features in order, the same for every instrument. Columns are instrument-major."""

    features: tuple[FeatureSpec, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", tuple(self.features))
        if not self.features:
            raise ConfigError(
                "a feature plan without features: name at least one, or take the default preset"
            )
        labels = [spec.label for spec in self.features]
        for label in labels:
            if labels.count(label) > 1:
                raise ConfigError(
                    f"feature {label} is in the plan {labels.count(label)} times: once is enough"
                )

    @classmethod
    def of(cls, *features: FeatureSpec | str) -> FeaturePlan:
        """A plan of specs and bare names."""
        return cls(tuple(f if isinstance(f, FeatureSpec) else FeatureSpec(f) for f in features))

    def columns(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """`<symbol> <label>`: all features of the first instrument, then of the second, and so on."""
        return tuple(f"{symbol} {spec.label}" for symbol in symbols for spec in self.features)

    @property
    def warmup_bars(self) -> int:
        """Bars of a fragment up to and including the first whose every column is there.

        `ConfigError` with features of a higher timeframe, which need the bar length: `warmup_on` has it.
        """
        if any(spec.timeframe for spec in self.features):
            raise ConfigError(
                "the plan has higher timeframes: its warm-up needs the bar length, see warmup_on"
            )
        return self.warmup_on(None)

    def warmup_on(self, timeframe: Timeframe | None) -> int:
        """Bars of that length until every column is there, however a fragment lies to the higher bars."""
        return int(max(_bars(spec, timeframe, forget=False) for spec in self.features))

    def memory_on(self, timeframe: Timeframe) -> int | None:
        """Bars of history after which a longer one gives the same features to 1e-9 of their scale.

        What a stream without a snapshot should be fed before it is trusted; None when the plan has a
        feature that never forgets (obv). A user's own feature is taken to forget after its warm-up.
        """
        bars = max(_bars(spec, timeframe, forget=True) for spec in self.features)
        return None if math.isinf(bars) else math.ceil(bars)

    def schema_hash(self, symbols: Sequence[str]) -> str:
        """SHA-256 over version, columns and parameters, and the sources of the user's own features."""
        sources = {
            s.name: f.fingerprint
            for s in self.features
            if isinstance(f := find_feature(s.name), CustomFeature)
        }
        content = {"columns": self.columns(symbols), "plan": json.loads(self.to_json()), "sources": sources}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """The plan as JSON; `from_json` gives an equal one back."""
        return json.dumps({"version": FEATURES_VERSION, "features": [s.to_dict() for s in self.features]})

    @classmethod
    def from_json(cls, text: str) -> FeaturePlan:
        """The plan of `to_json`, or of a hand-written one; strict: `ConfigError` on anything unknown."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"the feature plan is not JSON: {error}") from error
        if not isinstance(data, dict) or not isinstance(data.get("features"), list):
            raise ConfigError("the feature plan has no list of features: expected {version, features}")
        for key in data:
            if key not in _PLAN_KEYS:
                raise ConfigError(f"feature plan: unknown key {key!r}: {suggestion(key, _PLAN_KEYS)}")
        version = data.get("version", FEATURES_VERSION)
        if version != FEATURES_VERSION:
            raise ConfigError(
                f"the feature plan is of version {version!r}, this program computes version "
                f"{FEATURES_VERSION}: train again, or use the program that made it"
            )
        return cls(tuple(FeatureSpec.from_dict(item) for item in data["features"]))


def parameters_of(feature: Feature | CustomFeature) -> tuple[Parameter, ...]:
    """The parameters that a feature takes, in order."""
    return feature.indicator.parameters if isinstance(feature, Feature) else feature.parameters


def _bars(spec: FeatureSpec, timeframe: Timeframe | None, forget: bool) -> float:
    feature = find_feature(spec.name)
    if isinstance(feature, CustomFeature):
        own: float = feature.warmup_bars
    else:
        own = feature.memory(spec.params) if forget else feature.warmup(spec.params)
    if spec.timeframe is None or timeframe is None:
        return own
    bars = (higher_ms(spec, timeframe) or timeframe.ms) // timeframe.ms
    return own * bars + bars - 1


def higher_ms(spec: FeatureSpec, timeframe: Timeframe) -> int:
    """The length of the spec's bars, 0 when they are the run's own; `ConfigError` if they do not nest."""
    if spec.timeframe is None or Timeframe(spec.timeframe).ms == timeframe.ms:
        return 0
    length = Timeframe(spec.timeframe).ms
    if length < timeframe.ms or length % timeframe.ms:
        raise ConfigError(
            f"feature {spec.label}: expected a whole multiple of the run's timeframe {timeframe}"
        )
    return length


def _check_rising(feature: str, values: Mapping[str, Value], rising: tuple[str, ...]) -> None:
    numbers = [float(values[name]) for name in rising]
    if any(a >= b for a, b in pairwise(numbers)):
        raise ConfigError(f"{feature}: expected {' < '.join(rising)}, got {numbers}")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"
