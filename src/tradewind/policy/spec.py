"""What a bundle says about its network: what it sees, what its answers mean, what it was trained under."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from tradewind.market import ConfigError, Timeframe
from tradewind.policy.errors import BundleError
from tradewind.policy.network import NetworkSpec

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
KindName = Literal["spot", "perpetual"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ObservationSpec(_Part):
    """The inputs. `names` are those of `Observation.vector`, or of the adapter's vector when there is one.

    `features` (the plan) and `scaler` are kept as the JSON that the features package wrote.
    `feature_columns` name one row of `Observation.features`; needed by adapters and baselines only.
    """

    names: tuple[str, ...]
    schema_hash: str
    lookback: Annotated[int, Field(ge=1)]
    features: JsonValue = None
    scaler: JsonValue = None
    feature_columns: tuple[str, ...] = ()


class ActionSpec(_Part):
    """How an action becomes target weights: `weight = offset + scale * action`, per instrument."""

    kind: Literal["weights"] = "weights"
    scale: tuple[float, ...]
    offset: tuple[float, ...]


class AdapterSpec(_Part):
    """The adapter of a model that was made elsewhere, and its constants."""

    name: Name
    parameters: dict[str, JsonValue]


class DataSpan(_Part):
    """The candles it was trained on: open of the first bar, close of the last (UTC ms), their hash."""

    start_ms: int
    end_ms: int
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Fees:
    """Of one instrument, as fractions of the notional."""

    taker: float
    maker: float


class BundleSpec(_Part):
    """Everything about a model but its weights. Strict: unknown keys and wrong types are refused.

    `rules` are costs and risk limits, `instruments` the venue's rules per instrument, both as plain JSON.
    `created` is given by whoever makes the bundle and never read from a clock.
    """

    format: Literal[1] = 1
    network: NetworkSpec
    observation: ObservationSpec
    action: ActionSpec
    venue: Name
    symbols: tuple[Name, ...] = Field(min_length=1)
    kinds: tuple[KindName, ...]
    timeframe: str
    algorithm: Name
    hyperparameters: dict[str, JsonValue] = {}
    rules: dict[str, JsonValue] = {}
    instruments: tuple[dict[str, JsonValue], ...] = ()
    data: DataSpan | None = None
    seeds: dict[str, int] = {}
    code_version: str
    created: str | None = None
    adapter: AdapterSpec | None = None
    evidence: dict[str, JsonValue] = {}
    golden: Literal["golden.safetensors"] = "golden.safetensors"

    @model_validator(mode="after")
    def _fits_together(self) -> BundleSpec:
        width, outputs = len(self.symbols), self.network.outputs
        if len(set(self.symbols)) != width:
            raise ValueError(f"symbols {list(self.symbols)} name one instrument twice")
        if len(self.kinds) != width:
            raise ValueError(f"{len(self.kinds)} kinds for {width} symbols")
        if outputs != width:
            raise ValueError(f"the network has {outputs} outputs for {width} symbols")
        if len(self.action.scale) != width or len(self.action.offset) != width:
            raise ValueError(f"scale and offset of the action must have {width} values")
        if len(self.observation.names) != self.network.inputs:
            raise ValueError(
                f"{len(self.observation.names)} names for the network's {self.network.inputs} inputs"
            )
        try:
            Timeframe(self.timeframe)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def fees(self) -> dict[str, Fees]:
        """What training paid, by symbol; a symbol is missing where an older or imported bundle does not say."""
        found = {
            str(one.get("symbol")): (one.get("taker_fee"), one.get("maker_fee")) for one in self.instruments
        }
        return {
            symbol: Fees(taker, maker)
            for symbol, (taker, maker) in found.items()
            if isinstance(taker, float | int) and isinstance(maker, float | int)
        }

    def to_json(self) -> bytes:
        """The one way to write it: keys sorted, so that equal specs are equal bytes."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, text: bytes) -> BundleSpec:
        """Read what `to_json` wrote; `BundleError` says which key is wrong and why."""
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            raise BundleError(f"spec.json is not a bundle spec: {first_error(error)}") from error


def canonical_json(value: object) -> bytes:
    """Sorted, indented, UTF-8, ending in a newline; NaN and infinity are refused."""
    try:
        return (
            json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        ).encode()
    except ValueError as error:
        raise BundleError(f"a bundle holds plain JSON without NaN or infinity: {error}") from error


def first_error(error: ValidationError) -> str:
    """The first problem as `key: reason`, with the number of the others."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    place = ".".join(str(part) for part in problems[0]["loc"]) or "the whole"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{place}: {problems[0]['msg'].removeprefix('Value error, ')}{more}"
