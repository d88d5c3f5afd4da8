"""The shapes that the best policies have: a band, a constant, a linear rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.kernels import follow_band

Floats = NDArray[np.float64]


class OraclePolicy(Protocol):
    def decide(self, signal: Floats, previous: Floats) -> Floats:
        """[..., K] signals and [..., A] held positions to [..., A] positions."""

    def positions(self, signal: Floats) -> Floats:
        """[S, T, K] signals to [S, T, A] positions, starting flat."""


@dataclass(frozen=True, slots=True)
class Band:
    """Fully long above `threshold`, fully short below its mirror, otherwise what is held stays."""

    threshold: float

    def decide(self, signal: Floats, previous: Floats) -> Floats:
        return np.where(np.abs(signal) > self.threshold, np.sign(signal), previous)

    def positions(self, signal: Floats) -> Floats:
        out = np.empty(signal.shape)
        follow_band(np.ascontiguousarray(signal), self.threshold, out)
        return out


@dataclass(frozen=True, slots=True)
class Constant:
    """The same position always."""

    position: float

    def decide(self, signal: Floats, previous: Floats) -> Floats:
        return np.full(np.shape(previous), self.position)

    def positions(self, signal: Floats) -> Floats:
        return np.full((*signal.shape[:2], 1), self.position)


@dataclass(frozen=True, slots=True, eq=False)
class Tangency:
    """W7: `weights @ z / (1 + z' quality z)`, the frontier portfolio; its gross stays under 1."""

    weights: Floats  # [A, K]
    quality: Floats  # [K, K]

    def decide(self, signal: Floats, previous: Floats) -> Floats:
        squared_sharpe = np.einsum("...i,ij,...j->...", signal, self.quality, signal)
        wanted: Floats = signal @ self.weights.T / (1 + squared_sharpe)[..., None]
        return wanted

    def positions(self, signal: Floats) -> Floats:
        return self.decide(signal, signal)  # what is held plays no part
