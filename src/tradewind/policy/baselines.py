"""What a trained agent must beat, under the same costs. None of them learns anything.

All but `buy_and_hold` remember nothing between decisions: what they want follows from the observation and
its time, so they go on after a restart as if nothing had happened. Hold is NaN: the weight drifts.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.features import FeatureSpec
from tradewind.market import ConfigError, Kind, Observation, Timeframe
from tradewind.market.suggestions import suggestion
from tradewind.policy.protocol import Weights

FLAT = 1e-9  # a weight below this is no position


class Baseline(ABC):
    """A policy of A = len(kinds) instruments; goes short on perpetuals only.

    `required_features` are read from the newest row of `Observation.features`, instrument by instrument, in
    the order given here; `columns` [A, K] says where they stand when the plan of the run has others too.
    """

    required_features: tuple[FeatureSpec, ...] = ()

    def __init__(self, kinds: Sequence[Kind | str], columns: NDArray[np.int64] | None = None) -> None:
        self.kinds = tuple(Kind(kind) for kind in kinds)
        if not self.kinds:
            raise ConfigError("a baseline needs at least one instrument, kinds is empty")
        self.width = len(self.kinds)
        self.floor = np.array([-1.0 if kind is Kind.PERPETUAL else 0.0 for kind in self.kinds])
        self._columns = columns

    @abstractmethod
    def decide(self, observation: Observation) -> Weights: ...

    def settings(self) -> dict[str, Any]:
        """What was set, by name: equal settings decide equally."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in sorted(vars(self).items())
            if name in ("kinds", "_period", "_seed", "_probability", "_weights", "_high", "_low")
        } | {"features": [spec.label for spec in self.required_features]}

    def reset(self) -> None:  # noqa: B027
        """Nothing to forget, unless a baseline says otherwise."""

    def _features(self, observation: Observation) -> NDArray[np.float64]:
        """[A, K] values of the required features at the newest bar."""
        count = len(self.required_features)
        columns = self._columns
        if columns is None:
            if observation.features.shape[1] != self.width * count:
                raise ConfigError(
                    f"{type(self).__name__} reads {count} features of {self.width} instruments, the run has "
                    f"{observation.features.shape[1]} columns: use its plan, or say which columns to read"
                )
            columns = np.arange(self.width * count).reshape(self.width, count)
        values: NDArray[np.float64] = observation.features[-1][columns]
        return values

    def _take_side(self, side: NDArray[np.float64], observation: Observation) -> Weights:
        """Go to side x 1/A where the position is on another side or less than half of it; else hold."""
        target = np.maximum(side, self.floor) / self.width
        held = observation.weights
        there = np.where(target == 0.0, np.abs(held) < FLAT, held * np.sign(target) >= np.abs(target) / 2)
        return np.where(there, np.nan, target)


class Cash(Baseline):
    """No position, ever."""

    def decide(self, observation: Observation) -> Weights:
        return np.zeros(self.width)


class BuyAndHold(Baseline):
    """1/A of equity in each instrument at its first tradable bar, then never a trade."""

    def __init__(self, kinds: Sequence[Kind | str], columns: NDArray[np.int64] | None = None) -> None:
        super().__init__(kinds, columns)
        self._bought = np.zeros(self.width, dtype=np.bool_)

    def decide(self, observation: Observation) -> Weights:
        buys = observation.tradable & ~self._bought
        self._bought |= buys
        return np.where(buys, 1.0 / self.width, np.nan)

    def reset(self) -> None:
        self._bought[:] = False

    def state(self) -> dict[str, list[float]]:
        return {"bought": [float(b) for b in self._bought]}

    def restore(self, state: dict[str, list[float]]) -> None:
        self._bought[:] = np.array(state["bought"]) > 0


class EqualWeight(Baseline):
    """1/A in each instrument, brought back to it every `period_bars` bars of the clock (default: a day)."""

    def __init__(
        self,
        kinds: Sequence[Kind | str],
        timeframe: str = "1d",
        period_bars: int | None = None,
        columns: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(kinds, columns)
        self._bar_ms = Timeframe(timeframe).ms
        self._period = max(1, 86_400_000 // self._bar_ms) if period_bars is None else period_bars
        _at_least("period_bars", self._period, 1)

    def decide(self, observation: Observation) -> Weights:
        due = (observation.at // self._bar_ms) % self._period == 0
        target = np.full(self.width, 1.0 / self.width)
        return target if due else np.where(np.abs(observation.weights) < FLAT, target, np.nan)


class MovingAverageCross(Baseline):
    """Long while the fast average is above the slow one; else short on a perpetual, out on spot."""

    def __init__(
        self,
        kinds: Sequence[Kind | str],
        fast: int = 20,
        slow: int = 100,
        columns: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(kinds, columns)
        _at_least("fast", fast, 2)
        if not fast < slow:
            raise ConfigError(
                f"moving_average_cross: fast is {fast} and slow {slow}, fast must be below slow"
            )
        self.required_features = (
            FeatureSpec("sma_distance", {"bars": fast}),
            FeatureSpec("sma_distance", {"bars": slow}),
        )

    def decide(self, observation: Observation) -> Weights:
        fast, slow = self._features(observation).T
        side = np.sign(slow - fast)  # close / average: the lower ratio has the higher average
        return np.where(np.isnan(side), np.nan, self._take_side(side, observation))


class TimeSeriesMomentum(Baseline):
    """Long what rose over `bars` bars; what fell: short on a perpetual, out on spot."""

    def __init__(
        self, kinds: Sequence[Kind | str], bars: int = 100, columns: NDArray[np.int64] | None = None
    ) -> None:
        super().__init__(kinds, columns)
        _at_least("bars", bars, 1)
        self.required_features = (FeatureSpec("momentum", {"bars": bars}),)

    def decide(self, observation: Observation) -> Weights:
        side = np.sign(self._features(observation)[:, 0])
        return np.where(np.isnan(side), np.nan, self._take_side(side, observation))


class Random(Baseline):
    """Flips each instrument between its two sides with a fixed chance at each bar; else holds.

    The sides are out and long 1/A x gross on spot, short and long of the same size on a perpetual. The draw
    depends on the seed and the time of the bar only.
    """

    def __init__(
        self,
        kinds: Sequence[Kind | str],
        switch_probability: float = 0.05,
        seed: int = 0,
        gross: float = 1.0,
        columns: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(kinds, columns)
        if not 0.0 <= switch_probability <= 1.0:
            raise ConfigError(f"switch_probability is {switch_probability}, expected a number from 0 to 1")
        if not gross > 0.0:
            raise ConfigError(f"gross is {gross}, expected a positive multiple of equity")
        _at_least("seed", seed, 0)
        self._probability = switch_probability
        self._seed = seed
        self._high = np.full(self.width, gross / self.width)
        self._low = self.floor * gross / self.width

    def decide(self, observation: Observation) -> Weights:
        draw = np.random.Generator(np.random.PCG64([self._seed, observation.at])).random((2, self.width))
        flips = draw[0] < self._probability
        held = observation.weights
        other = np.where(held > (self._high + self._low) / 2, self._low, self._high)
        at_random = np.where(draw[1] < 0.5, self._low, self._high)
        undecided = (np.abs(held) < FLAT) & (self._low < 0.0)  # flat is no side of a perpetual
        return np.where(flips, np.where(undecided, at_random, other), np.nan)


class Constant(Baseline):
    """The same target weights at every bar."""

    def __init__(
        self,
        kinds: Sequence[Kind | str],
        weights: Sequence[float] = (),
        columns: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(kinds, columns)
        self._weights = np.array(weights, dtype=np.float64)
        if self._weights.shape != (self.width,) or not np.isfinite(self._weights).all():
            raise ConfigError(f"constant: weights are {list(weights)}, expected {self.width} finite numbers")
        if (self._weights < np.where(self.floor < 0, -np.inf, 0.0)).any():
            raise ConfigError(f"constant: weights are {list(weights)}, spot cannot be held short")

    def decide(self, observation: Observation) -> Weights:
        return self._weights.copy()


BASELINES: dict[str, type[Baseline]] = {
    "cash": Cash,
    "buy_and_hold": BuyAndHold,
    "equal_weight": EqualWeight,
    "moving_average_cross": MovingAverageCross,
    "time_series_momentum": TimeSeriesMomentum,
    "random": Random,
    "constant": Constant,
}


def baseline(name: str, kinds: Sequence[Kind | str], **settings: Any) -> Baseline:
    """The baseline of that name; `ConfigError` with a suggestion where the name or a setting is unknown.

    The untrained net needs the spec of a bundle: see `untrained_net`.
    """
    wanted = name.replace("-", "_")
    if wanted not in BASELINES:
        raise ConfigError(f"baseline {name!r} is not known: {suggestion(wanted, BASELINES)}")
    made = BASELINES[wanted]
    known = [key for key in inspect.signature(made.__init__).parameters if key not in ("self", "kinds")]
    for key in settings:
        if key not in known:
            raise ConfigError(f"baseline {wanted} has no setting {key!r}: {suggestion(key, known)}")
    return made(kinds, **settings)


def matched_random(
    turnover_per_bar: float, seed: int, kinds: Sequence[Kind | str], gross: float = 1.0
) -> Random:
    """A random policy that trades as much as another one.

    `turnover_per_bar` is the mean over bars of the sum of |change of weight| by trades, as a fraction of
    equity. `ConfigError` where even a flip at every bar would trade less: give it a higher `gross`.
    """
    probe = Random(kinds, 0.0, seed, gross)
    most = float(np.sum(probe._high - probe._low))
    if not 0.0 <= turnover_per_bar <= most:
        raise ConfigError(
            f"a random policy with gross {gross} can turn over 0 to {most:.6g} of equity a bar, "
            f"{turnover_per_bar:.6g} was asked: give a higher gross"
        )
    return Random(kinds, turnover_per_bar / most, seed, gross)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigError(f"{name} is {value}, expected {least} or more")
