"""What a venue lists of a market: twins share candles, and numbers lie on the grid."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.exchange.worlds import PERP, SPOT, START, market, moving
from tradewind.data.worlds import generate
from tradewind.exchange import Exchange
from tradewind.gateway.markets import listed, on_grid
from tradewind.market import Kind


def test_a_coin_is_listed_as_every_kind_with_the_same_candles() -> None:
    given = market(moving(50), (PERP,), funding={8: 0.001})
    spot, perpetual = listed(given, (Kind.SPOT, Kind.PERPETUAL))
    assert (spot.symbols, perpetual.symbols) == ((SPOT,), (PERP,))
    assert spot.close is perpetual.close
    assert spot.funding_rate is None
    assert perpetual.funding_rate is not None
    assert perpetual.funding_rate[8, 0] == 0.001
    exchange = Exchange([spot, perpetual], start_ms=int(given.close_time[-1]))
    both = [exchange.tape.candles(symbol, "1m", START, limit=50) for symbol in (SPOT, PERP)]
    told = [[(c.open, c.high, c.low, c.close, c.volume) for c in candles] for candles in both]
    assert len(told[0]) == 50
    assert told[0] == told[1]


def test_what_a_market_has_itself_is_no_copy() -> None:
    given = market(moving(50), (SPOT, PERP))
    both = listed(given, (Kind.SPOT, Kind.PERPETUAL))
    assert [one.symbols[0] for one in both] == [SPOT, PERP]
    assert [one.symbols[0] for one in listed(given)] == [SPOT, PERP]
    assert [one.symbols[0] for one in listed(given, (Kind.PERPETUAL,))] == [PERP]


def test_a_world_on_its_grid_reads_as_its_digits() -> None:
    made = generate("demo", 300, 5).market
    grid = on_grid(made)
    assert np.allclose(grid.close, made.close, rtol=0, atol=5.1e-9)
    assert (grid.volume <= made.volume).all()
    (instrument,) = grid.instruments
    for name, step in (("open", instrument.tick), ("high", instrument.tick), ("volume", instrument.lot)):
        for value in getattr(grid, name)[:, 0]:
            assert float((Decimal(repr(float(value))) / step).to_integral_value() * step) == value
    assert (on_grid(grid).close == grid.close).all()
    exchange = Exchange([grid], start_ms=int(grid.open_time[-1]))
    told = exchange.tape.candles(instrument.symbol, "1h", int(grid.open_time[0]), limit=299)
    for name in ("open", "high", "low", "close", "volume"):
        assert [float(getattr(c, name)) for c in told] == list(getattr(grid, name)[:299, 0])
