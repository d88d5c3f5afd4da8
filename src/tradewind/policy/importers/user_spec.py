"""What only the person who trained a model knows: what its inputs and outputs mean. TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from tradewind.market import ConfigError
from tradewind.policy.network import Activation
from tradewind.policy.spec import DataSpan, KindName, first_error

Algorithm = Literal["PPO", "A2C", "DDPG", "TD3", "SAC"]
_MAX_BYTES = 8 * 1024 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class NativeInputs(_Part):
    """For a model trained on our own observation: its names in order, and their schema hash."""

    names: tuple[str, ...]
    schema_hash: str
    lookback: Annotated[int, Field(ge=1)] = 1
    features: JsonValue = None
    scaler: JsonValue = None
    feature_columns: tuple[str, ...] = ()


class UserSpec(_Part):
    """The spec file of an import; `docs/bundles.md` explains each key by example.

    `low` and `high` bound the action as in the model's own Box. `scale` and `offset` (adapter "native" only)
    turn it into weights. `activation` is one name for all hidden layers or one for each.
    """

    adapter: Literal["finrl7", "eth15", "native"]
    venue: str
    symbols: tuple[str, ...] = Field(min_length=1)
    timeframe: str
    kind: KindName
    algorithm: Algorithm | None = None
    activation: Activation | tuple[Activation, ...] | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    offset: tuple[float, ...] | None = None
    parameters: dict[str, JsonValue] = {}
    feature_columns: tuple[str, ...] = ()
    inputs: NativeInputs | None = None
    scaler: str | None = None
    rules: dict[str, JsonValue] = {}
    instruments: tuple[dict[str, JsonValue], ...] = ()
    hyperparameters: dict[str, JsonValue] = {}
    data: DataSpan | None = None
    seeds: dict[str, int] = {}
    created: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> UserSpec:
        if self.adapter == "native" and self.inputs is None:
            raise ValueError("adapter native needs [inputs] with names and schema_hash")
        if self.adapter != "native" and (self.inputs or self.scale or self.offset):
            raise ValueError(f"inputs, scale and offset belong to adapter native, not to {self.adapter}")
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high are given together")
        return self

    @classmethod
    def read(cls, path: Path) -> UserSpec:
        """Read a .toml or .json file; `ConfigError` names the key that is wrong."""
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ConfigError(f"{path} is larger than 8 MiB: it is no spec of a model")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the spec {path} cannot be read: {error}") from error
        try:
            return cls.model_validate_json(json.dumps(_parse(path, text)), strict=True)
        except ValidationError as error:
            raise ConfigError(f"the spec {path.name} is wrong at {first_error(error)}") from error


def _parse(path: Path, text: str) -> Any:
    try:
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text)
        if path.suffix.lower() == ".json":
            return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the spec {path.name} is no valid {path.suffix[1:].upper()}: {error}") from error
    raise ConfigError(f"the spec {path.name} must be a .toml or .json file")
