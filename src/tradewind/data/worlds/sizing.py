"""W6: the question is not which way but how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.policies import Constant
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows, column

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing(World):
    """W6: iid N(mu, s^2) returns, reward log(1 + p r), p in [-2, 2]. Merton and Kelly: p = mu / s^2.

    There is no signal; the learner sees the last return, which says nothing.
    """

    name: str = "W6"
    title: str = "Merton sizing"
    volatility: float = 0.02
    mean: float = 4e-4
    cost: float = 0.0

    objective: ClassVar[str] = "log growth"

    @property
    def limit(self) -> float:
        return 2.0

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("last_return",)

    def evolve(self, noise: Floats) -> WorldPaths:
        shocks = column(bar_rows(noise[:, :, 0], self.lead))
        returns = self.mean + self.volatility * shocks
        return WorldPaths(returns, shocks, signal=shocks, drift=np.full_like(returns, self.mean))

    def growth(self, position: float) -> float:
        """Expected log growth per step of a constant position, to second order in the return."""
        return position * self.mean - (position * self.volatility) ** 2 / 2

    def optimal(self, cost: float | None = None) -> Oracle:
        """The constant is bought once, so its cost per step vanishes."""
        self.cost_or_default(cost)
        fraction = min(self.limit, max(-self.limit, self.mean / self.volatility**2))
        return Oracle(self.growth(fraction), math.nan, "closed form", Constant(fraction))
