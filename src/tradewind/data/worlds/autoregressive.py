"""W1, returns that continue, and W9, where they stop doing so and begin to reverse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.dynamic_program import Solution, autoregressive_chain, best, gain_of_band
from tradewind.data.worlds.kernels import autoregress, autoregress_with_break
from tradewind.data.worlds.policies import Band
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows, column
from tradewind.market import ConfigError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation(World):
    """W1: r' = phi r + s e. The signal is the last return, with the sign of phi."""

    name: str = "W1"
    title: str = "autoregressive returns"
    phi: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < abs(self.phi) < 1:
            raise ConfigError(f"phi is {self.phi}, expected a number in (-1, 1) other than 0")

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("last_return",)

    @property
    def return_deviation(self) -> float:
        return self.volatility / math.sqrt(1 - self.phi**2)

    def evolve(self, noise: Floats) -> WorldPaths:
        returns = np.empty(noise.shape[:2])
        shocks = np.ascontiguousarray(noise[:, :, 0])
        autoregress(shocks, self.return_deviation, self.phi, self.volatility, returns)
        kept = column(bar_rows(returns, self.lead))
        signal = kept * math.copysign(1.0, self.phi)
        return WorldPaths(kept, signal / self.return_deviation, signal, drift=self.phi * kept)

    def optimal(self, cost: float | None = None) -> Oracle:
        solution = _solve(self.phi, self.volatility, self.cost_or_default(cost))
        return Oracle(
            solution.gain, solution.threshold, "average-reward value iteration", Band(solution.threshold)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeBreak(Continuation):
    """W9: W1 until `break_fraction` of the bars, from there on phi has the other sign.

    The oracle is that of the first part: what an honest study before the break would find. It keeps trading
    after the break, and loses `gain_after_break` per step.
    """

    name: str = "W9"
    title: str = "regime break"
    break_fraction: float = 0.8

    def break_bar(self, bars: int) -> int:
        """The first bar whose return follows the new law."""
        return round(bars * self.break_fraction)

    def evolve(self, noise: Floats) -> WorldPaths:
        returns = np.empty(noise.shape[:2])
        broken = self.break_bar(noise.shape[1] - self.lead - 1)
        autoregress_with_break(
            np.ascontiguousarray(noise[:, :, 0]),
            self.return_deviation,
            self.phi,
            self.volatility,
            self.lead + broken,
            returns,
        )
        kept = column(bar_rows(returns, self.lead))
        signal = kept * math.copysign(1.0, self.phi)
        law = np.where(np.arange(kept.shape[1]) + 1 < broken, self.phi, -self.phi)
        return WorldPaths(kept, signal / self.return_deviation, signal, drift=law[None, :, None] * kept)

    def gain_after_break(self, cost: float | None = None) -> float:
        """What the oracle of the first part earns per step once the law has turned: a loss."""
        c = self.cost_or_default(cost)
        strength = abs(self.phi)
        chain = autoregressive_chain(-self.phi, self.volatility, -strength, points=1601)
        return gain_of_band(chain, self.optimal(c).threshold, c)


@lru_cache(maxsize=64)
def _solve(phi: float, volatility: float, cost: float) -> Solution:
    return best(autoregressive_chain(phi, volatility, abs(phi)), cost)
