"""Recursions over whole streams, compiled. All arrays are [S, T] unless said; results go into `out`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradewind.compiled import compiled

Floats = NDArray[np.float64]


@compiled
def autoregress(shocks: Floats, first_deviation: float, rho: float, deviation: float, out: Floats) -> None:
    """out[0] = first_deviation * shock, then rho * previous + deviation * shock."""
    for s in range(shocks.shape[0]):
        value = first_deviation * shocks[s, 0]
        out[s, 0] = value
        for t in range(1, shocks.shape[1]):
            value = rho * value + deviation * shocks[s, t]
            out[s, t] = value


@compiled
def autoregress_with_break(
    shocks: Floats, first_deviation: float, rho: float, deviation: float, break_row: int, out: Floats
) -> None:
    """As `autoregress`; from `break_row` on the coefficient is -rho."""
    for s in range(shocks.shape[0]):
        value = first_deviation * shocks[s, 0]
        out[s, 0] = value
        for t in range(1, shocks.shape[1]):
            value = (rho if t < break_row else -rho) * value + deviation * shocks[s, t]
            out[s, t] = value


@compiled
def heteroscedastic(shocks: Floats, deviation: float, alpha: float, beta: float, out: Floats) -> None:
    """GARCH(1,1) with unconditional standard deviation `deviation`."""
    base = deviation * deviation * (1.0 - alpha - beta)
    for s in range(shocks.shape[0]):
        variance = deviation * deviation
        for t in range(shocks.shape[1]):
            value = math.sqrt(variance) * shocks[s, t]
            out[s, t] = value
            variance = base + alpha * value * value + beta * variance


@compiled
def switch_regime(shocks: Floats, switch_below: float, out: Floats) -> None:
    """A state of +1 or -1 that flips wherever the shock is under `switch_below`."""
    for s in range(shocks.shape[0]):
        state = 1.0 if shocks[s, 0] > 0.0 else -1.0
        out[s, 0] = state
        for t in range(1, shocks.shape[1]):
            if shocks[s, t] < switch_below:
                state = -state
            out[s, t] = state


@compiled
def filter_regime(returns: Floats, persistence: float, evidence: float, out: Floats) -> None:
    """out[t] = E[S(t+1) | returns to t] = persistence * tanh(atanh(out[t-1]) + evidence * returns[t])."""
    for s in range(returns.shape[0]):
        belief = 0.0
        for t in range(returns.shape[1]):
            belief = persistence * math.tanh(math.atanh(belief) + evidence * returns[s, t])
            out[s, t] = belief


@compiled
def exponential_mean(values: Floats, span: float, out: Floats) -> None:
    """Exponential moving average with weight 2 / (span + 1), starting from zero."""
    weight = 2.0 / (span + 1.0)
    for s in range(values.shape[0]):
        mean = 0.0
        for t in range(values.shape[1]):
            mean += weight * (values[s, t] - mean)
            out[s, t] = mean


@compiled
def follow_band(signal: Floats, threshold: float, out: Floats) -> None:
    """Positions [S, T, A] of the band policy on signals [S, T, A], starting flat."""
    for s in range(signal.shape[0]):
        for a in range(signal.shape[2]):
            held = 0.0
            for t in range(signal.shape[1]):
                if signal[s, t, a] > threshold:
                    held = 1.0
                elif signal[s, t, a] < -threshold:
                    held = -1.0
                out[s, t, a] = held


@compiled
def profit_sums(
    positions: Floats, earned: Floats, cost: float, offset: int, blocks: int, out: Floats
) -> None:
    """Sums over blocks of steps, out [S, blocks, 4]: profit, its square, turnover, number of steps.

    Positions and what one unit earned are [S, T, A]; the decision at t earns `earned[t + offset]`.
    """
    steps = positions.shape[1] - 1
    for s in range(positions.shape[0]):
        for t in range(steps):
            profit = 0.0
            turnover = 0.0
            for a in range(positions.shape[2]):
                before = positions[s, t - 1, a] if t > 0 else 0.0
                turnover += abs(positions[s, t, a] - before)
                profit += positions[s, t, a] * earned[s, t + offset, a]
            profit -= cost * turnover
            block = t * blocks // steps
            out[s, block, 0] += profit
            out[s, block, 1] += profit * profit
            out[s, block, 2] += turnover
            out[s, block, 3] += 1.0
