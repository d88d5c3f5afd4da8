"""Average-reward value iteration for one signal, positions {-1, 0, 1} and a linear cost.

The optimum is bang-bang with one threshold (de Lataillade, Deremble, Potters, Bouchaud 2012): with linear
costs every unit of the position can be judged alone, so 0 is left once and never chosen again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tradewind.market import Inconsistent

Floats = NDArray[np.float64]
POSITIONS = np.array([-1.0, 0.0, 1.0])
_Choice = Callable[[Floats], Floats]  # values ahead [G, wanted] to values [G, held]
_TOLERANCE = 1e-12
_MOST_SWEEPS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A signal on a grid: its value [G], its transition matrix [G, G] and the drift [G] that it announces.

    For `best` the drift must rise with the signal.
    """

    signal: Floats
    transition: Floats
    drift: Floats


@dataclass(frozen=True, slots=True)
class Solution:
    gain: float  # per step
    threshold: float  # |signal| from which the position flips


def autoregressive_chain(
    rho: float, deviation: float, drift_per_signal: float, points: int = 201, width: float = 5.0
) -> Chain:
    """y' = rho y + deviation * e on a grid of `width` stationary deviations, by cell probabilities (Tauchen).

    A cell adds step**2 / 12 to the variance (Sheppard); that is taken off the innovation.
    """
    stationary = deviation / math.sqrt(1 - rho * rho)
    grid = np.linspace(-width * stationary, width * stationary, points)
    innovation = _without_cell_variance(deviation, grid[1] - grid[0])
    edges = (_inner_edges(grid)[None, :] - rho * grid[:, None]) / innovation
    return Chain(grid, _between(ndtr(edges)), drift_per_signal * grid)


def belief_chain(persistence: float, mean_to_deviation: float, mean: float, points: int = 201) -> Chain:
    """The belief b about a hidden regime, on a grid of its posterior log odds `atanh(b / persistence)`.

    The log odds move by k**2 S + k e with k = `mean_to_deviation` and P(S = 1) = (1 + b) / 2.
    """
    furthest = math.atanh(persistence) + 8 * mean_to_deviation + mean_to_deviation**2
    grid = np.linspace(-furthest, furthest, points)
    belief = persistence * np.tanh(grid)
    innovation = _without_cell_variance(mean_to_deviation, grid[1] - grid[0])
    centre = _inner_edges(grid)[None, :] - np.arctanh(belief)[:, None]
    up = ndtr((centre - mean_to_deviation**2) / innovation)
    down = ndtr((centre + mean_to_deviation**2) / innovation)
    share = ((1 + belief) / 2)[:, None]
    return Chain(belief, _between(share * up + (1 - share) * down), mean * belief)


def best(chain: Chain, cost: float) -> Solution:
    """The optimal gain and threshold at this cost per unit of turnover."""
    trading = cost * np.abs(POSITIONS[:, None] - POSITIONS[None, :])  # [held, wanted]
    gain, ahead = _iterate(chain, lambda ahead: (ahead[:, None, :] - trading[None]).max(axis=2))
    return Solution(gain, _crossing(chain.signal, (ahead[:, 2] - ahead[:, 0]) / 2 - cost))


def gain_of_band(chain: Chain, threshold: float, cost: float) -> float:
    """What a given band earns per step in this chain, optimal or not."""
    held = np.broadcast_to(np.arange(3), (len(chain.signal), 3))
    beyond = np.abs(chain.signal) > threshold
    wanted = np.where(beyond[:, None], np.where(chain.signal > 0, 2, 0)[:, None], held)
    paid = cost * np.abs(POSITIONS[wanted] - POSITIONS[held])
    gain, _ = _iterate(chain, lambda ahead: np.take_along_axis(ahead, wanted, axis=1) - paid)
    return gain


def _iterate(chain: Chain, choose: _Choice) -> tuple[float, Floats]:
    """Relative value iteration until the span of the increments, which bounds the gain, has closed."""
    earned = chain.drift[:, None] * POSITIONS[None, :]
    value = np.zeros_like(earned)
    for _ in range(_MOST_SWEEPS):
        ahead = earned + chain.transition @ value
        following = choose(ahead)
        increment = following - value
        low, high = increment.min(), increment.max()
        if high - low < _TOLERANCE:
            return float(low + high) / 2, ahead
        value = following - following[0, 1]
    raise Inconsistent(f"value iteration still spans {high - low:.1e} after {_MOST_SWEEPS} sweeps")


def _crossing(signal: Floats, advantage: Floats) -> float:
    """Where the advantage of flipping becomes positive, between two grid points."""
    after = int(np.argmax(advantage > 0))
    if after == 0:
        return math.inf  # a cost that no signal on the grid can pay for: never trade
    share = -advantage[after - 1] / (advantage[after] - advantage[after - 1])
    return max(0.0, float(signal[after - 1] + share * (signal[after] - signal[after - 1])))


def _inner_edges(grid: Floats) -> Floats:
    return (grid[1:] + grid[:-1]) / 2


def _between(cumulative: Floats) -> Floats:
    """Cell probabilities [G, G] from the cumulative ones at the inner edges [G, G - 1]."""
    return np.diff(cumulative, axis=1, prepend=0.0, append=1.0)


def _without_cell_variance(deviation: float, step: float) -> float:
    return math.sqrt(deviation**2 - step**2 / 12)
