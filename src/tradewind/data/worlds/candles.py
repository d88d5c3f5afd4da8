"""From returns to candles: prices that compound, wicks, volume."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds.kernels import autoregress
from tradewind.market import DataError

Floats = NDArray[np.float64]

FIRST_PRICE = 100.0
_LOWEST_PRICE, _HIGHEST_PRICE = 1e-4, 1e7
_VOLUME = 1e6  # base units per bar: no order of a test account is ever large
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """[S, T, A] each; open[t+1] = close[t]."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def plain(returns: Floats) -> Candles:
    """High and low are those of open and close; the volume is constant.

    `DataError` when a path leaves the prices at which accounts can be kept: simple returns without drift
    still compound downwards by half their variance per bar.
    """
    close: Floats = FIRST_PRICE * np.cumprod(1.0 + returns, axis=1, dtype=np.float64)
    if not (close.min() > _LOWEST_PRICE and close.max() < _HIGHEST_PRICE):
        raise DataError(
            f"prices run from {close.min():.3g} to {close.max():.3g}, expected {_LOWEST_PRICE:g} to "
            f"{_HIGHEST_PRICE:g}: make several shorter streams instead of one path of {close.shape[1]} bars"
        )
    open_ = np.full_like(close, FIRST_PRICE)
    open_[:, 1:] = close[:, :-1]
    return Candles(
        open_, np.maximum(open_, close), np.minimum(open_, close), close, np.full_like(close, _VOLUME)
    )


def living(bare: Candles, volatility: float, bar_ms: int, rng: np.random.Generator) -> Candles:
    """The same opens and closes with the extremes of a Brownian bridge between them and a living volume.

    Volume persists, follows the size of the move and the hour of the day. None of it tells the future.
    """
    move = bare.close / bare.open - 1
    upper, lower, shocks = rng.spawn(3)
    high = bare.open * (1 + _bridge_maximum(move, volatility, upper))
    low = bare.open * (1 - _bridge_maximum(-move, volatility, lower))
    mood = np.empty_like(move)
    for a in range(move.shape[2]):
        path = np.empty(move.shape[:2])
        autoregress(shocks.standard_normal(move.shape[:2]), 0.5, 0.8, 0.5 * math.sqrt(1 - 0.64), path)
        mood[:, :, a] = path
    hour = np.arange(move.shape[1]) * (bar_ms % _DAY_MS) / _DAY_MS
    cycle = 1 + 0.4 * np.sin(2 * math.pi * hour)[None, :, None]
    volume: Floats = _VOLUME * cycle * (0.5 + np.abs(move) / volatility) * np.exp(mood)
    return Candles(bare.open, np.maximum(high, bare.high), np.minimum(low, bare.low), bare.close, volume)


def _bridge_maximum(move: Floats, volatility: float, rng: np.random.Generator) -> Floats:
    """The maximum over a bar of a Brownian path from 0 to `move`, drawn from its exact law."""
    uniform = 1.0 - rng.random(move.shape)
    return (move + np.sqrt(move**2 - 2 * volatility**2 * np.log(uniform))) / 2
