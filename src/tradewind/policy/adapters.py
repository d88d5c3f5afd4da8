"""Models made elsewhere keep their own inputs: from our observation to their vector, and back to weights.

An adapter reads the raw values of an `Observation` (unscaled features in the order of its preset, weights,
cash fraction, prices), builds the vector that the model was trained on, and turns its answer into target
weights. What it must clip into tradable weights it counts in `clipped`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tradewind.market import Observation
from tradewind.policy.errors import BundleError
from tradewind.policy.protocol import Weights
from tradewind.policy.spec import BundleSpec, first_error

FINRL7_FEATURES = ("close", "volume", "rsi", "dx", "ultosc", "obv", "ht_dcphase")
ETH15_NAMES = (
    "position",
    "z_score",
    "zone_norm",
    "price_momentum",
    "z_score_momentum",
    "position_change",
    "macd",
    "macd_signal",
    "macd_histogram",
    "rsi",
    "bb_middle",
    "bb_upper",
    "bb_lower",
    "obv",
    "sentiment",
)
ETH15_FEATURES = {  # input -> feature of the plan, in the order of its preset
    "z_score": "spread_z",
    "zone_norm": "spread_zone",
    "price_momentum": "pct_change",
    "z_score_momentum": "spread_z_change",
    "macd": "macd",
    "macd_signal": "macd_signal",
    "macd_histogram": "macd_histogram",
    "rsi": "rsi_fraction",
    "bb_middle": "bollinger_middle",
    "bb_upper": "bollinger_upper",
    "bb_lower": "bollinger_lower",
    "obv": "obv",
}
ETH15_NORMALISED = (
    "macd",
    "macd_signal",
    "macd_histogram",
    "rsi",
    "bb_middle",
    "bb_upper",
    "bb_lower",
    "obv",
)
_ETH15_BOUNDS = (1.0, 5.0, 1.0, 0.1, 2.0, 0.2) + (1.0,) * 9
_MAX_LOOKBACK = 5_000
_RAMP = 0.1  # change of exposure that one bar allowed in training


class Adapter(Protocol):
    """What a `NetworkPolicy` asks of an adapter."""

    clipped: int

    def vector(self, observation: Observation) -> NDArray[np.float32]:
        """The legacy input [inputs]; NaN where something is missing."""

    def weights(self, action: NDArray[np.float64], observation: Observation) -> Weights:
        """Target weights [A] for the legacy output [A]; NaN means hold."""

    def hold(self) -> None:
        """Told when the decision was to hold because a number was missing."""

    def reset(self) -> None: ...

    def state(self) -> dict[str, list[float]]: ...

    def restore(self, state: dict[str, list[float]]) -> None: ...


class _Parameters(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Finrl7Parameters(_Parameters):
    """The constants of the FinRL crypto environment that the model was trained in.

    The size of its trades depends on the magnitude of each price at the first row of its training data:
    give `first_prices`, or their `price_magnitude` = floor(log10(price)). The account is shown to the model
    as if its equity were `legacy_capital` (quote), so that the inputs are those it knows.
    """

    norm_cash: float = 2.0**-12
    norm_stocks: float = 2.0**-8
    norm_tech: float = 2.0**-15
    norm_action: float = 10_000.0
    lookback: Annotated[int, Field(ge=1, le=_MAX_LOOKBACK)] = 1
    legacy_capital: Annotated[float, Field(gt=0)] = 1_000_000.0
    first_prices: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    price_magnitude: tuple[int, ...] | None = None
    minimum_quantity: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _one_magnitude(self) -> Finrl7Parameters:
        if (self.first_prices is None) == (self.price_magnitude is None):
            raise ValueError("give either first_prices or price_magnitude, one number for each symbol")
        return self

    def magnitudes(self) -> tuple[int, ...]:
        """floor(log10(price)) per instrument, calculated as in training (1000 gives 2 there)."""
        if self.price_magnitude is not None:
            return self.price_magnitude
        return tuple(math.floor(math.log(price, 10)) for price in self.first_prices or ())


class Finrl7:
    """State [cash, coins (N), 7 features x N newest first], action = coins to buy or sell, long only.

    The forced 5 % sale after 24 bars, and the fee margin of its environment, were rules of that simulator
    and are not repeated: ours rule.
    """

    def __init__(self, parameters: Finrl7Parameters, columns: Sequence[int], width: int) -> None:
        self.clipped = 0
        self._p = parameters
        self._columns = np.array(columns, dtype=np.int64)
        for name in ("first_prices", "price_magnitude", "minimum_quantity"):
            given = getattr(parameters, name)
            if given is not None and len(given) != width:
                raise BundleError(f"adapter finrl7: {name} has {len(given)} values for {width} symbols")
        magnitudes = np.array(parameters.magnitudes(), dtype=np.float64)
        self._coins_per_action = parameters.norm_action / 10.0**magnitudes
        self._minimum = np.array(parameters.minimum_quantity or (0.0,) * width)

    def vector(self, observation: Observation) -> NDArray[np.float32]:
        p = self._p
        if len(observation.features) < p.lookback:
            raise BundleError(
                f"adapter finrl7 needs {p.lookback} rows of features, the observation has "
                f"{len(observation.features)}: set the lookback of the run to {p.lookback}"
            )
        cash = observation.cash_fraction * p.legacy_capital
        coins = observation.weights * p.legacy_capital / observation.close
        rows = observation.features[: -p.lookback - 1 : -1, self._columns]
        parts = ([cash * p.norm_cash], coins * p.norm_stocks, rows.ravel() * p.norm_tech)
        return np.concatenate(parts).astype(np.float32)

    def weights(self, action: NDArray[np.float64], observation: Observation) -> Weights:
        coins = action * self._coins_per_action
        wanted = observation.weights + coins * observation.close / self._p.legacy_capital
        target = np.clip(wanted, 0.0, 1.0)
        trades = np.abs(coins) > self._minimum
        self.clipped += int(np.count_nonzero((target != wanted) & trades))
        return np.where(trades, target, np.nan)

    def hold(self) -> None:
        """Nothing to remember: the vector depends on the observation only."""

    def reset(self) -> None:
        self.clipped = 0

    def state(self) -> dict[str, list[float]]:
        return {}

    def restore(self, state: dict[str, list[float]]) -> None:
        """Nothing to restore, for the same reason."""


class VectorScaler(_Parameters):
    """What was applied to the finished vector before the model: (x - mean) / scale, or x * scale + min."""

    kind: Literal["standard", "minmax"]
    scale: tuple[float, ...]
    mean: tuple[float, ...] | None = None
    min: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _whole(self) -> VectorScaler:
        offset = self.mean if self.kind == "standard" else self.min
        name = "mean" if self.kind == "standard" else "min"
        if offset is None or len(offset) != len(self.scale):
            raise ValueError(f"a {self.kind} scaler needs {name} with as many values as scale")
        if self.kind == "standard" and 0.0 in self.scale:
            raise ValueError("a standard scaler cannot divide by a scale of 0")
        return self

    def apply(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.kind == "standard":
            vector = (vector - np.array(self.mean)) / np.array(self.scale)
        else:
            vector = vector * np.array(self.scale) + np.array(self.min)
        return vector


class Eth15Parameters(_Parameters):
    """The constants of the ETH system's training set.

    `minmax` gives for each normalised feature the [low, high] (1 % and 99 % quantiles) that became -1 and 1.
    They were taken over all rows and never saved: compute them again from the training candles, `rsi` as a
    fraction. `scaler` was applied to the finished vector.
    """

    minmax: dict[str, tuple[float, float]]
    sentiment_default: Annotated[float, Field(ge=-1, le=1)] = 0.0
    scaler: VectorScaler | None = None

    @model_validator(mode="after")
    def _all_columns(self) -> Eth15Parameters:
        if set(self.minmax) != set(ETH15_NORMALISED):
            missing = sorted(set(ETH15_NORMALISED) - set(self.minmax))
            unknown = sorted(set(self.minmax) - set(ETH15_NORMALISED))
            raise ValueError(f"minmax lacks {missing} and does not know {unknown}")
        for name, (low, high) in self.minmax.items():
            if not low < high:
                raise ValueError(f"minmax of {name} is [{low}, {high}], low must be below high")
        if self.scaler is not None and len(self.scaler.scale) != len(ETH15_NAMES):
            raise ValueError(f"the scaler has {len(self.scaler.scale)} values, the vector has 15")
        return self


class Eth15:
    """The 15 inputs as in training, clipped to their bounds; action = exposure, at most 0.1 a bar away."""

    def __init__(self, parameters: Eth15Parameters, columns: Sequence[int], sentiment: int | None) -> None:
        self.clipped = 0
        self._p = parameters
        self._columns = np.array(columns, dtype=np.int64)
        self._sentiment = sentiment
        self._slots = np.array([ETH15_NAMES.index(name) for name in ETH15_FEATURES])
        self._bounds = np.array(_ETH15_BOUNDS)
        self._normalised = np.array([ETH15_NAMES.index(name) for name in ETH15_NORMALISED])
        self._low = np.array([parameters.minmax[name][0] for name in ETH15_NORMALISED])
        self._high = np.array([parameters.minmax[name][1] for name in ETH15_NORMALISED])
        self._long_only = True
        self._change = 0.0

    def trading_short(self) -> Eth15:
        """For perpetuals: negative exposure is traded, not clipped."""
        self._long_only = False
        return self

    def vector(self, observation: Observation) -> NDArray[np.float32]:
        row = observation.features[-1]
        raw = np.zeros(len(ETH15_NAMES))
        raw[self._slots] = row[self._columns]
        raw[0] = observation.weights[0]
        raw[5] = self._change
        raw[14] = self._sentiment_of(row)
        span = self._high - self._low
        raw[self._normalised] = 2.0 * (raw[self._normalised] - self._low) / span - 1.0
        clipped = np.clip(raw, -self._bounds, self._bounds)
        return (clipped if self._p.scaler is None else self._p.scaler.apply(clipped)).astype(np.float32)

    def _sentiment_of(self, row: NDArray[np.float64]) -> float:
        if self._sentiment is None or math.isnan(row[self._sentiment]):
            return self._p.sentiment_default
        return float(row[self._sentiment])

    def weights(self, action: NDArray[np.float64], observation: Observation) -> Weights:
        position = float(observation.weights[0])
        wanted = min(max(float(action[0]), -1.0), 1.0)
        ramped = min(max(wanted, position - _RAMP), position + _RAMP)
        target = min(max(ramped, 0.0 if self._long_only else -1.0), 1.0)
        self.clipped += target != ramped
        self._change = target - position
        return np.array([target])

    def hold(self) -> None:
        self._change = 0.0

    def reset(self) -> None:
        self.clipped = 0
        self._change = 0.0

    def state(self) -> dict[str, list[float]]:
        return {"position_change": [self._change]}

    def restore(self, state: dict[str, list[float]]) -> None:
        (self._change,) = state["position_change"]


def _finrl7(spec: BundleSpec) -> Adapter:
    parameters = _read(Finrl7Parameters, spec)
    columns = [c for block in range(len(spec.symbols)) for c in _locate(FINRL7_FEATURES, spec, block)]
    return Finrl7(parameters, columns, len(spec.symbols))


def _eth15(spec: BundleSpec) -> Adapter:
    if len(spec.symbols) != 1:
        raise BundleError(f"adapter eth15 trades one instrument, the model has {len(spec.symbols)}")
    names = [_bare(c, spec.symbols[0]) for c in spec.observation.feature_columns]
    sentiment = names.index("sentiment") if "sentiment" in names else None
    adapter = Eth15(_read(Eth15Parameters, spec), _locate(tuple(ETH15_FEATURES.values()), spec, 0), sentiment)
    return adapter.trading_short() if spec.kinds[0] == "perpetual" else adapter


ADAPTERS: dict[str, Callable[[BundleSpec], Adapter]] = {"finrl7": _finrl7, "eth15": _eth15}


def make_adapter(spec: BundleSpec) -> Adapter:
    """The adapter that a bundle names; `BundleError` where it is unknown or its constants do not fit."""
    if spec.adapter is None or spec.adapter.name not in ADAPTERS:
        name = None if spec.adapter is None else spec.adapter.name
        raise BundleError(f"adapter {name!r} is not known, expected one of {', '.join(sorted(ADAPTERS))}")
    return ADAPTERS[spec.adapter.name](spec)


def input_names(name: str, symbols: Sequence[str], parameters: dict[str, Any]) -> tuple[str, ...]:
    """The names of an adapter's vector, in order."""
    if name == "eth15":
        return ETH15_NAMES
    lookback = parameters.get("lookback", 1)
    rows = range(min(lookback, _MAX_LOOKBACK) if isinstance(lookback, int) else 1)
    features = [f"{s}:{f}[t-{k}]" for k in rows for s in symbols for f in FINRL7_FEATURES]
    return ("cash", *(f"{s}:coins" for s in symbols), *features)


def _read(model: type[Any], spec: BundleSpec) -> Any:
    assert spec.adapter is not None
    try:
        return model.model_validate_json(json.dumps(spec.adapter.parameters), strict=True)
    except ValidationError as error:
        raise BundleError(f"adapter {spec.adapter.name}: {first_error(error)}") from error


def _bare(column: str, symbol: str) -> str:
    """The feature of a column `<symbol> <label>`, without the parameters that its label ends in."""
    label = column.removeprefix(f"{symbol} ")
    return re.sub(r"(_[0-9.]+)*(_(first|mean|plus|none))?$", "", label)


def _locate(names: Sequence[str], spec: BundleSpec, block: int) -> list[int]:
    """Where the features of one instrument stand in a row; instruments come one after the other."""
    columns = spec.observation.feature_columns
    if not columns:
        return [block * len(names) + k for k in range(len(names))]
    symbol = spec.symbols[block]
    found = {_bare(c, symbol): k for k, c in enumerate(columns) if c.startswith(f"{symbol} ")}
    missing = [name for name in names if name not in found]
    if missing:
        raise BundleError(f"the adapter needs features {missing} of {symbol}, the plan has {list(columns)}")
    return [found[name] for name in names]
