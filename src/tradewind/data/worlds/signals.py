"""Worlds with one persistent Gaussian signal: W2 price reversion, W3 noisy predictor, W5 funding carry."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.dynamic_program import Solution, autoregressive_chain, best
from tradewind.data.worlds.kernels import autoregress
from tradewind.data.worlds.policies import Band
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows, column
from tradewind.market import ConfigError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(World):
    """A signal y' = rho y + innovation that announces the drift `drift_per_signal * y`."""

    rho: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.rho < 1:
            raise ConfigError(f"rho is {self.rho}, expected a number in [0, 1)")

    @property
    @abstractmethod
    def signal_deviation(self) -> float:
        """The stationary standard deviation of the signal."""

    @property
    def innovation_deviation(self) -> float:
        return self.signal_deviation * math.sqrt(1 - self.rho**2)

    @property
    def drift_per_signal(self) -> float:
        return 1.0

    def signal_path(self, shocks: Floats) -> Floats:
        """[S, rows] of the stationary signal."""
        out = np.empty(shocks.shape)
        first, step = self.signal_deviation, self.innovation_deviation
        autoregress(np.ascontiguousarray(shocks), first, self.rho, step, out)
        return out

    def optimal(self, cost: float | None = None) -> Oracle:
        solution = _solve(
            self.rho, self.innovation_deviation, self.drift_per_signal, self.cost_or_default(cost)
        )
        return Oracle(
            solution.gain, solution.threshold, "average-reward value iteration", Band(solution.threshold)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversion(Signal):
    """W2: X' = rho X + s e, r = X' - X. The signal is -X, which announces (1 - rho) of itself."""

    name: str = "W2"
    title: str = "mean-reverting price"
    rho: float = 0.95

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("distance_below_mean",)

    @property
    def signal_deviation(self) -> float:
        return self.volatility / math.sqrt(1 - self.rho**2)

    @property
    def drift_per_signal(self) -> float:
        return 1 - self.rho

    def evolve(self, noise: Floats) -> WorldPaths:
        distance = self.signal_path(noise[:, :, 0])
        returns = -np.diff(distance, axis=1, prepend=0.0)
        signal = column(bar_rows(distance, self.lead))
        return WorldPaths(
            column(bar_rows(returns, self.lead)),
            signal / self.signal_deviation,
            signal,
            drift=signal * self.drift_per_signal,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor(Signal):
    """W3: r' = x + s e with x observed. Weak, persistent: the best policy leaves a band without trades."""

    name: str = "W3"
    title: str = "noisy predictor"
    predictor_deviation: float = 15e-4

    channels: ClassVar[int] = 2

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("predictor",)

    @property
    def signal_deviation(self) -> float:
        return self.predictor_deviation

    def evolve(self, noise: Floats) -> WorldPaths:
        predictor = self.signal_path(noise[:, :, 0])
        returns = self.volatility * noise[:, :, 1]
        returns[:, 1:] += predictor[:, :-1]
        signal = column(bar_rows(predictor, self.lead))
        return WorldPaths(
            column(bar_rows(returns, self.lead)), signal / self.signal_deviation, signal, drift=signal
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry(Signal):
    """W5: prices are a martingale, the funding rate persists and is announced one period ahead.

    The rate announced at t is paid at t + 1 by what is held until then; the signal is minus that rate.
    """

    name: str = "W5"
    title: str = "funding carry"
    rho: float = 0.98
    funding_deviation: float = 2e-4
    timeframe: str = "8h"

    channels: ClassVar[int] = 2

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("minus_announced_funding",)

    @property
    def signal_deviation(self) -> float:
        return self.funding_deviation

    def evolve(self, noise: Floats) -> WorldPaths:
        carry = self.signal_path(noise[:, :, 0])
        signal = column(bar_rows(carry, self.lead))
        return WorldPaths(
            column(bar_rows(self.volatility * noise[:, :, 1], self.lead)),
            signal / self.signal_deviation,
            signal,
            drift=signal,
            funding=np.ascontiguousarray(-carry[:, self.lead - 1 : -2]),
        )


@lru_cache(maxsize=64)
def _solve(rho: float, innovation: float, drift_per_signal: float, cost: float) -> Solution:
    return best(autoregressive_chain(rho, innovation, drift_per_signal), cost)
