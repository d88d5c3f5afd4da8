"""What a synthetic world is: a market whose best attainable result is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.policies import OraclePolicy
from tradewind.market import ConfigError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class WorldPaths:
    """S independent streams of T bars. Everything at index t is known when bar t closes, `drift` included.

    A decision taken at t earns bar t + 1: `p[t] * (returns[t+1] - funding[t+1]) - cost * |p[t] - p[t-1]|`.
    """

    returns: Floats  # [S, T, A] simple return of bar t
    predictors: Floats  # [S, T, P] what a learner observes, scaled to unit variance
    signal: Floats  # [S, T, K] what the oracle decides on; positive where a rise is expected
    drift: Floats  # [S, T, A] expected profit of one unit held from t to t + 1
    hidden: Floats | None = None  # [S, T] the state that nobody sees
    funding: Floats | None = None  # [S, T] rate charged at the end of bar t on what was held in it

    @property
    def streams(self) -> int:
        return int(self.returns.shape[0])

    @property
    def bars(self) -> int:
        return int(self.returns.shape[1])


@dataclass(frozen=True, slots=True)
class Oracle:
    """The best that anyone can do who knows the world's law, but not its future.

    `gain` is per step, in the world's objective: mean profit, log growth (W6) or Sharpe ratio (W7).
    `threshold`, in units of the signal, is where the position flips; NaN where the policy is no band.
    """

    gain: float
    threshold: float
    method: str
    policy: OraclePolicy

    def decide(self, signal: Floats, previous: Floats) -> Floats:
        """Positions [..., A] for signals [..., K] known now and the positions [..., A] held so far."""
        return self.policy.decide(signal, previous)

    def positions(self, paths: WorldPaths) -> Floats:
        """Positions [S, T, A] along whole paths, starting flat."""
        return self.policy.positions(paths.signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class World(ABC):
    """A law of motion with its parameters. Vary one with `dataclasses.replace(WORLDS["W2"], rho=0.99)`."""

    name: str
    title: str
    volatility: float = 0.01  # standard deviation of one step's noise
    cost: float = 5e-4  # per unit of turnover
    timeframe: str = "1h"
    intrabar: bool = False  # whether candles get wicks and a living volume

    objective: ClassVar[str] = "mean profit"
    lead: ClassVar[int] = 1  # bars drawn before the first one, to start in the stationary state
    channels: ClassVar[int] = 1

    @property
    def instruments(self) -> int:
        return 1

    @property
    def limit(self) -> float:
        """The largest position allowed, in units of capital."""
        return 1.0

    @property
    def noise_channels(self) -> int:
        return self.channels

    @property
    def parameters(self) -> dict[str, object]:
        """The numbers of the law, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "title")}

    @property
    @abstractmethod
    def predictor_names(self) -> tuple[str, ...]: ...

    @abstractmethod
    def evolve(self, noise: Floats) -> WorldPaths:
        """The paths [S, T] that follow from noise [S, lead + T + 1, channels]; nothing else is drawn."""

    @abstractmethod
    def optimal(self, cost: float | None = None) -> Oracle:
        """The best attainable at this cost per unit of turnover (default: the world's own)."""

    def draw(self, generator: np.random.Generator, rows: int) -> Floats:
        """One channel of unit-variance noise."""
        return generator.standard_normal(rows)

    def noise(self, bars: int, rng: np.random.Generator, streams: int = 1) -> Floats:
        """[S, lead + bars + 1, channels]; every stream and channel has its own generator.

        So a longer path begins with the shorter one, and stream k is the same however many there are.
        """
        if bars < 2 or streams < 1:
            raise ConfigError(f"{bars} bars in {streams} streams: a world needs at least 2 bars and 1 stream")
        rows, channels = self.lead + bars + 1, self.noise_channels
        noise = np.empty((streams, rows, channels))
        for stream, stream_rng in enumerate(rng.spawn(streams)):
            for channel, generator in enumerate(stream_rng.spawn(channels)):
                noise[stream, :, channel] = self.draw(generator, rows)
        return noise

    def sample(self, bars: int, seed_rng: np.random.Generator, streams: int = 1) -> WorldPaths:
        """Fresh paths; the same generator state gives the same bits."""
        return self.evolve(self.noise(bars, seed_rng, streams))

    def cost_or_default(self, cost: float | None) -> float:
        chosen = self.cost if cost is None else cost
        if not 0 <= chosen < 0.1:
            raise ConfigError(f"cost is {chosen}, expected a fraction of turnover: 0.0005 for 5 basis points")
        return chosen


def bar_rows(noise_like: Floats, lead: int) -> Floats:
    """Cut [S, lead + T + 1] down to the T bars."""
    return np.ascontiguousarray(noise_like[:, lead:-1])


def column(values: Floats) -> Floats:
    """[S, T] as [S, T, 1]."""
    return np.ascontiguousarray(values)[:, :, None]
