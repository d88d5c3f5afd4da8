"""How an action of a network becomes target weights: the one mapping of training, backtest and live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError, Kind
from tradewind.simulator import Rules, Tape


@dataclass(frozen=True, slots=True)
class ActionMap:
    """`weight = offset + scale * action` for each instrument, the action in [-1, 1].

    Spot: -1 is nothing and 1 is the largest weight allowed. Perpetual: -1 is the largest short, 0 is flat, 1
    the largest long. Risk clips the result like any other target.
    """

    offset: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.offset) != len(self.scale) or not self.scale:
            raise ConfigError(
                f"an action map has {len(self.offset)} offsets and {len(self.scale)} scales: "
                "expected one of each for every instrument"
            )
        if not np.isfinite([*self.offset, *self.scale]).all() or any(s == 0 for s in self.scale):
            raise ConfigError("the offsets and scales of an action map must be finite, and no scale 0")

    @classmethod
    def standard(cls, tape: Tape, rules: Rules) -> Self:
        """The largest weight that the rules allow, reached at the ends of the action's range."""
        instruments = tape.traded
        kind = instruments[0].kind
        largest = float(rules.record(len(instruments), kind)["max_weight"][0])
        if kind is Kind.SPOT:
            return cls((largest / 2,) * len(instruments), (largest / 2,) * len(instruments))
        return cls((0.0,) * len(instruments), (largest,) * len(instruments))

    def weights(self, actions: NDArray[Any]) -> NDArray[np.float64]:
        """Target weights [..., A] of actions [..., A]; NaN stays NaN, which holds."""
        weights: NDArray[np.float64] = np.asarray(self.scale) * np.asarray(actions, np.float64)
        return np.asarray(self.offset) + weights

    def actions(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """The actions [..., A] that ask for these weights; the inverse of `weights`."""
        above: NDArray[np.float64] = np.asarray(weights, np.float64) - np.asarray(self.offset)
        return above / np.asarray(self.scale, np.float64)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives an equal value."""
        return {"kind": "weights", "offset": list(self.offset), "scale": list(self.scale)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        if set(values) != {"kind", "offset", "scale"} or values["kind"] != "weights":
            raise ConfigError(
                f"an action map is kind 'weights' with offset and scale, this one has {sorted(values)}"
            )
        return cls(tuple(map(float, values["offset"])), tuple(map(float, values["scale"])))
