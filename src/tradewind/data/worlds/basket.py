"""W7: several instruments, correlated noise, common factors that announce their drifts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.kernels import autoregress
from tradewind.data.worlds.policies import Tangency
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows
from tradewind.market import ConfigError

Floats = NDArray[np.float64]
_OfQuality = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket(World):
    """W7: r' = B z + e, e ~ N(0, Sigma) with one common factor, z a stationary unit AR(1) that is observed.

    `loadings` is B [A, K] in units of `volatility`; `relative_volatility` [A] scales each instrument's noise.
    The noise has K channels for z, one for the common factor, and one per instrument.
    """

    name: str = "W7"
    title: str = "several instruments"
    cost: float = 0.0
    rho: float = 0.9
    correlation: float = 0.5
    relative_volatility: tuple[float, ...] = (0.8, 1.0, 1.2, 1.5)
    loadings: tuple[tuple[float, ...], ...] = ((0.12, 0.0), (0.05, 0.10), (-0.06, 0.12), (0.10, -0.15))

    objective: ClassVar[str] = "Sharpe ratio"

    def __post_init__(self) -> None:
        if len(self.loadings) != len(self.relative_volatility):
            raise ConfigError(
                f"{len(self.loadings)} rows of loadings for {len(self.relative_volatility)} instruments: "
                "give one per instrument"
            )

    @property
    def instruments(self) -> int:
        return len(self.relative_volatility)

    @property
    def factors(self) -> int:
        return len(self.loadings[0])

    @property
    def noise_channels(self) -> int:
        return self.factors + 1 + self.instruments

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return tuple(f"factor_{k}" for k in range(self.factors))

    @property
    def drift_matrix(self) -> Floats:
        """B [A, K]: drift per unit of each factor."""
        return self.volatility * np.array(self.loadings)

    @property
    def deviations(self) -> Floats:
        return self.volatility * np.array(self.relative_volatility)

    @property
    def covariance(self) -> Floats:
        """Sigma [A, A] of the noise."""
        common = self.correlation + (1 - self.correlation) * np.eye(self.instruments)
        return common * np.outer(self.deviations, self.deviations)

    def permuted(self, order: tuple[int, ...]) -> Basket:
        """The same world with its instruments in another order."""
        return replace(
            self,
            relative_volatility=tuple(self.relative_volatility[a] for a in order),
            loadings=tuple(self.loadings[a] for a in order),
        )

    def evolve(self, noise: Floats) -> WorldPaths:
        k = self.factors
        factors = np.empty((*noise.shape[:2], k))
        for factor in range(k):
            path = np.empty(noise.shape[:2])
            shocks = np.ascontiguousarray(noise[:, :, factor])
            autoregress(shocks, 1.0, self.rho, math.sqrt(1 - self.rho**2), path)
            factors[:, :, factor] = path
        own, common = noise[:, :, k + 1 :], noise[:, :, k : k + 1]
        returns = self.deviations * (
            math.sqrt(self.correlation) * common + math.sqrt(1 - self.correlation) * own
        )
        drift = factors @ self.drift_matrix.T
        returns[:, 1:] += drift[:, :-1]
        signal = bar_rows(factors, self.lead)
        return WorldPaths(bar_rows(returns, self.lead), signal, signal, drift=bar_rows(drift, self.lead))

    def optimal(self, cost: float | None = None) -> Oracle:
        """The greatest Sharpe ratio of sum(p r) at zero cost.

        With q = z' B' Sigma^-1 B z the best is p ~ Sigma^-1 B z / (1 + q), and SR^2 = h / (1 - h) with
        h = E[q / (1 + q)]: for small signals sqrt(E[q]). The scale keeps the gross position under 1.
        """
        if self.cost_or_default(cost) != 0:
            raise ConfigError(
                f"{self.name} has a known optimum at cost 0 only, not at {cost}: leave cost at 0"
            )
        tilt = np.linalg.solve(self.covariance, self.drift_matrix)  # Sigma^-1 B, [A, K]
        quality = self.drift_matrix.T @ tilt
        reach = 0.5 * np.sqrt(np.einsum("ak,kl,al->a", tilt, np.linalg.inv(quality), tilt)).sum()
        h = _expectation(lambda q: q / (1 + q), quality)
        policy = Tangency(tilt / reach, quality)
        return Oracle(math.sqrt(h / (1 - h)), math.nan, "closed form", policy)

    @property
    def small_signal_sharpe(self) -> float:
        """sqrt(E[z' B' Sigma^-1 B z]), the limit for weak signals."""
        tilt = np.linalg.solve(self.covariance, self.drift_matrix)
        return float(np.sqrt(np.trace(self.drift_matrix.T @ tilt)))


def constant_drift_sharpe(drift: Floats, covariance: Floats) -> float:
    """sqrt(mu' Sigma^-1 mu): the best Sharpe ratio per step when the drifts [A] never change."""
    return math.sqrt(float(drift @ np.linalg.solve(covariance, drift)))


def _expectation(function: _OfQuality, quality: Floats, nodes: int = 40) -> float:
    """E[function(z' quality z)] for independent unit normals z, by Gauss-Hermite quadrature."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    dimension = len(quality)
    z = np.array(list(itertools.product(points, repeat=dimension)))
    w = np.array(list(itertools.product(weights, repeat=dimension))).prod(axis=1)
    return float(w @ function(np.einsum("nk,kl,nl->n", z, quality, z)))
