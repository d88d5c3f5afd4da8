"""The coins of the local exchange: possible candles on their grid, the same for the same seed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tradewind.data.aligning import series_of
from tradewind.data.coins import COINS, coin_markets
from tradewind.market import ConfigError, Kind

FIRST = 1_700_006_400_000


def _made(bars: int = 5_000, seed: int = 3, names: tuple[str, ...] = tuple(COINS)):
    return coin_markets(names, seed=seed, start_ms=FIRST, bars=bars)


def test_every_candle_is_possible_and_on_the_grid() -> None:
    for market in _made():
        (series,) = series_of(market)  # refuses impossible bars
        (instrument,) = market.instruments
        for value in (
            series.candles.open[7],
            series.candles.high[999],
            series.candles.low[3],
            series.candles.close[-1],
        ):
            assert Decimal(repr(float(value))) % instrument.tick == 0
        assert Decimal(repr(float(series.candles.volume[5]))) % instrument.lot == 0
        assert (series.candles.open[1:] == series.candles.close[:-1]).all()


def test_spot_and_perpetual_of_a_coin_have_the_same_candles() -> None:
    spot, perpetual, *_ = _made()
    assert (spot.symbols, perpetual.symbols) == (("BTC/USDT",), ("BTC/USDT:USDT",))
    assert perpetual.close is spot.close
    assert perpetual.instruments[0].lot % spot.instruments[0].lot == 0


def test_a_seed_is_a_market_and_a_longer_one_begins_with_a_shorter() -> None:
    short, long, other = _made(1_000)[0], _made(5_000)[0], _made(1_000, seed=4)[0]
    for name in ("open", "high", "low", "close", "volume"):
        assert (getattr(short, name) == getattr(long, name)[:1_000]).all()
    assert (short.close != other.close).any()
    assert (_made(1_000, names=("ETH", "BTC"))[2].close == short.close).all()


def test_it_looks_alive() -> None:
    market = _made(60_000, names=("BTC",))[0]
    moves = np.diff(np.log(market.close[:, 0]))
    assert 3e-4 < moves.std() < 2e-3
    calm, wild = np.sort(np.abs(moves[:-239]).reshape(-1, 240).mean(axis=1))[[25, -25]]
    assert wild > 2 * calm


def test_one_kind_alone_and_a_coin_that_is_not_there() -> None:
    only = coin_markets(["SOL"], seed=0, start_ms=FIRST, bars=10, kinds=[Kind.PERPETUAL])
    assert [one.symbols for one in only] == [("SOL/USDT:USDT",)]
    with pytest.raises(ConfigError, match="no synthetic coin 'XYZ': choose from BTC"):
        coin_markets(["XYZ"], seed=0, start_ms=FIRST, bars=10)
