"""W0, where nothing can be earned, and W8, the same noise with the future planted into a feature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tradewind.data.worlds.kernels import heteroscedastic
from tradewind.data.worlds.policies import Band, Constant
from tradewind.data.worlds.world import Oracle, World, WorldPaths, bar_rows, column
from tradewind.market import ConfigError

Floats = NDArray[np.float64]
_GAUSSIAN, _T4, _GARCH = "gaussian", "t4", "garch"
_LAGS = 4


def _draw_unit(law: str, generator: np.random.Generator, rows: int) -> Floats:
    if law == _T4:
        return generator.standard_t(4, rows) / math.sqrt(2)
    return generator.standard_normal(rows)


def _check_law(law: str, allowed: tuple[str, ...]) -> None:
    if law not in allowed:
        raise ConfigError(f"law is {law!r}, expected one of {', '.join(allowed)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise(World):
    """W0: returns that nothing announces; the learner sees the last four. All one can do is pay costs."""

    name: str = "W0"
    title: str = "pure noise"
    law: str = _T4  # gaussian, t4 (fat tails) or garch (clustered volatility)
    alpha: float = 0.1  # garch: weight of the last squared return
    beta: float = 0.85  # garch: weight of the last variance

    lead: ClassVar[int] = 200

    def __post_init__(self) -> None:
        _check_law(self.law, (_GAUSSIAN, _T4, _GARCH))

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return tuple(f"return_lag_{lag}" for lag in range(_LAGS))

    def draw(self, generator: np.random.Generator, rows: int) -> Floats:
        return _draw_unit(self.law, generator, rows)

    def evolve(self, noise: Floats) -> WorldPaths:
        shocks = np.ascontiguousarray(noise[:, :, 0])
        returns = self.volatility * shocks
        if self.law == _GARCH:
            heteroscedastic(shocks, self.volatility, self.alpha, self.beta, returns)
        lagged = np.stack([np.roll(returns, lag, axis=1) for lag in range(_LAGS)], axis=2)
        seen = bar_rows(lagged / self.volatility, self.lead)
        kept = column(bar_rows(returns, self.lead))
        return WorldPaths(kept, seen, signal=column(seen[:, :, 0]), drift=np.zeros_like(kept))

    def optimal(self, cost: float | None = None) -> Oracle:
        self.cost_or_default(cost)
        return Oracle(0.0, math.nan, "closed form", Constant(0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak(World):
    """W8: the feature is the next return. The one world whose predictor knows the future, on purpose.

    A learner that cannot find this finds nothing; a truncation test that does not flag it tests nothing.
    """

    name: str = "W8"
    title: str = "planted leak"
    law: str = _GAUSSIAN  # or t4

    def __post_init__(self) -> None:
        _check_law(self.law, (_GAUSSIAN, _T4))

    @property
    def predictor_names(self) -> tuple[str, ...]:
        return ("next_return",)

    def draw(self, generator: np.random.Generator, rows: int) -> Floats:
        return _draw_unit(self.law, generator, rows)

    def evolve(self, noise: Floats) -> WorldPaths:
        returns = self.volatility * noise[:, :, 0]
        following = np.ascontiguousarray(returns[:, self.lead + 1 :])
        return WorldPaths(
            column(bar_rows(returns, self.lead)),
            column(following / self.volatility),
            signal=column(following),
            drift=column(following),
        )

    def optimal(self, cost: float | None = None) -> Oracle:
        """Flip beyond the cost: E max(abs(r) - cost, 0), since the next signal owes nothing to this one."""
        c = self.cost_or_default(cost)
        k = c / self.volatility
        if self.law == _T4:
            k *= math.sqrt(2)
            tail = (4 + k * k) / 3 * stats.t.pdf(k, 4) - k * stats.t.sf(k, 4)
            gain = 2 * self.volatility * tail / math.sqrt(2)
        else:
            gain = 2 * self.volatility * (stats.norm.pdf(k) - k * stats.norm.sf(k))
        return Oracle(float(gain), c, "closed form", Band(c))
