"""W4, a trend that nobody sees, and the demo market that is made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tradewind.data.worlds.dynamic_program import Solution, belief_chain, best
from tradewind.data.worlds.kernels import exponential_mean, filter_regime, switch_regime
from tradewind.data.worlds.policies import Band
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows, column
from tradewind.market import ConfigError

Floats = NDArray[np.float64]
_SPANS = (5, 10, 20, 40, 80, 160)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTrend(World):
    """W4: S in {-1, +1} stays with probability `stay`; r' = S mu + s e; S is hidden.

    The best knowledge is the Bayes filter b' = (2 stay - 1) tanh(atanh(b) + mu r / s^2), the oracle's signal.
    The learner sees exponential means of the returns.
    """

    name: str = "W4"
    title: str = "hidden trend"
    stay: float = 0.99
    trend: float = 0.15  # mu, in units of volatility

    channels: ClassVar[int] = 2
    lead: ClassVar[int] = 500

    def __post_init__(self) -> None:
        if not 0.5 < self.stay < 1:
            raise ConfigError(f"stay is {self.stay}, expected a probability above 0.5 and below 1")

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return tuple(f"mean_return_{span}" for span in _SPANS)

    @property
    def mean(self) -> float:
        """The drift of one step in either regime, without its sign."""
        return self.trend * self.volatility

    @property
    def persistence(self) -> float:
        return 2 * self.stay - 1

    @property
    def clairvoyant_gain(self) -> float:
        """Mean profit at zero cost of one who sees the regime of the next bar: out of reach."""
        return self.mean

    def evolve(self, noise: Floats) -> WorldPaths:
        hidden, belief = np.empty(noise.shape[:2]), np.empty(noise.shape[:2])
        switch_regime(np.ascontiguousarray(noise[:, :, 0]), float(ndtri(1 - self.stay)), hidden)
        returns = self.mean * hidden + self.volatility * noise[:, :, 1]
        filter_regime(returns, self.persistence, self.mean / self.volatility**2, belief)
        signal = column(bar_rows(belief, self.lead))
        return WorldPaths(
            column(bar_rows(returns, self.lead)),
            self._averages(returns),
            signal,
            drift=self.mean * signal,
            hidden=bar_rows(hidden, self.lead),
        )

    def _averages(self, returns: Floats) -> Floats:
        """[S, T, spans] exponential means, each divided by its stationary deviation."""
        out = np.empty((returns.shape[0], returns.shape[1] - self.lead - 1, len(_SPANS)))
        mean = np.empty(returns.shape)
        for k, span in enumerate(_SPANS):
            exponential_mean(returns, float(span), mean)
            out[:, :, k] = bar_rows(mean, self.lead) / self._average_deviation(span)
        return out

    def _average_deviation(self, span: int) -> float:
        keep = 1 - 2 / (span + 1)
        both = keep * self.persistence
        seen = self.mean**2 * (1 + both) / (1 - both) + self.volatility**2
        return math.sqrt(seen * (1 - keep) / (1 + keep))

    def optimal(self, cost: float | None = None) -> Oracle:
        solution = _solve(self.persistence, self.trend, self.mean, self.cost_or_default(cost))
        return Oracle(
            solution.gain,
            solution.threshold,
            "Bayes filter and average-reward value iteration",
            Band(solution.threshold),
        )


@lru_cache(maxsize=64)
def _solve(persistence: float, trend: float, mean: float, cost: float) -> Solution:
    return best(belief_chain(persistence, trend, mean), cost)
