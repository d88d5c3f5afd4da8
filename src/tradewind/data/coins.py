"""Minute candles of a few synthetic coins, made in milliseconds: what a local exchange lists when nobody names any.

No world with a known optimum (see `tradewind.data.worlds`), only markets that look alive: prices that wander,
volatility that comes and goes with the hour and the day, volume that follows it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError, Instrument, Kind, Market, Timeframe

Floats = NDArray[np.float64]

MINUTE_MS = 60_000
_VOLATILITY = 6e-4  # of a minute: 43 % a year
_KNOT_MINUTES = 240
_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin against USDT: its first price, its grid, and what trades in a usual minute."""

    name: str
    price: float
    tick: Decimal
    spot_lot: Decimal
    perpetual_lot: Decimal  # a multiple of the spot lot; volumes are multiples of it
    volume: float


COINS = {
    coin.name: coin
    for coin in (
        Coin("BTC", 60_000.0, Decimal("0.01"), Decimal("0.00001"), Decimal("0.001"), 40.0),
        Coin("ETH", 3_000.0, Decimal("0.01"), Decimal("0.0001"), Decimal("0.001"), 700.0),
        Coin("SOL", 150.0, Decimal("0.01"), Decimal("0.001"), Decimal("0.01"), 9_000.0),
        Coin("XRP", 0.6, Decimal("0.0001"), Decimal("0.1"), Decimal("0.1"), 900_000.0),
        Coin("DOGE", 0.15, Decimal("0.00001"), Decimal("1"), Decimal("1"), 3_000_000.0),
    )
}


def coin_markets(
    names: Sequence[str], *, seed: int, start_ms: int, bars: int, kinds: Sequence[Kind] = tuple(Kind)
) -> tuple[Market, ...]:
    """`bars` minute candles from `start_ms` on of every coin, one market for each of the kinds.

    A coin's candles are the same arrays in all kinds, depend on seed and name alone, and begin with those of a
    shorter market. `ConfigError` for a coin that is not in `COINS`.
    """
    unknown = [name for name in names if name not in COINS]
    if unknown:
        raise ConfigError(f"there is no synthetic coin {unknown[0]!r}: choose from {', '.join(COINS)}")
    times = start_ms + MINUTE_MS * np.arange(bars, dtype=np.int64)
    there = np.ones((bars, 1), dtype=np.bool_)
    whole = np.array([[0, bars]], dtype=np.int64)
    found = []
    for coin in (COINS[name] for name in names):
        opened, high, low, close, volume = (column[:, None] for column in _candles(coin, seed, bars))
        for kind in kinds:
            instruments, minute = (_instrument(coin, kind),), Timeframe("1m")
            found.append(Market(instruments, minute, times, opened, high, low, close, volume, there, whole))
    return tuple(found)


def _candles(coin: Coin, seed: int, bars: int) -> tuple[Floats, ...]:
    """Open, high, low, close, volume; all on the coin's grid."""
    moves, moods, above, below, crowds = np.random.default_rng((seed, zlib.crc32(coin.name.encode()))).spawn(
        5
    )
    minute = np.arange(bars)
    knots = moods.standard_normal(bars // _KNOT_MINUTES + 2)
    mood = np.exp(0.4 * np.interp(minute, np.arange(len(knots)) * _KNOT_MINUTES, knots))
    hour = 1 + 0.4 * np.sin(2 * math.pi * minute / _DAY_MINUTES)
    deviation = _VOLATILITY * mood * hour
    returns = deviation * moves.standard_normal(bars)
    tick = float(coin.tick)
    ticks = np.maximum(2, np.rint(coin.price * np.exp(np.cumsum(returns)) / tick))
    opened = np.concatenate([[round(coin.price / tick)], ticks[:-1]])
    reach = deviation * ticks / 2
    high = np.maximum(opened, ticks) + np.rint(reach * np.abs(above.standard_normal(bars)))
    low = np.minimum(opened, ticks) - np.rint(reach * np.abs(below.standard_normal(bars)))
    lot = float(coin.perpetual_lot)
    crowd = mood * hour * (0.5 + np.abs(returns) / deviation) * np.exp(0.4 * crowds.standard_normal(bars))
    lots = np.maximum(1, np.rint(coin.volume / lot * crowd))
    return tuple(
        _on_grid(count, step)
        for count, step in zip(
            (opened, high, np.maximum(1, low), ticks, lots), (coin.tick,) * 4 + (coin.perpetual_lot,)
        )
    )


def _on_grid(count: Floats, step: Decimal) -> Floats:
    """Whole steps as numbers: the float next to each decimal, as a reader of its digits would get."""
    places = max(0, -int(step.as_tuple().exponent))
    units = int(step.scaleb(places))
    return np.asarray(count * units / 10.0**places)


def _instrument(coin: Coin, kind: Kind) -> Instrument:
    spot = kind is Kind.SPOT
    return Instrument(
        venue="synthetic",
        symbol=f"{coin.name}/USDT" if spot else f"{coin.name}/USDT:USDT",
        base=coin.name,
        quote="USDT",
        kind=kind,
        tick=coin.tick,
        lot=coin.spot_lot if spot else coin.perpetual_lot,
        taker_fee=0.001 if spot else 0.0005,
        maker_fee=0.001 if spot else 0.0002,
    )
