"""`data download` brings the very candles that the exchange plays, by every protocol that it speaks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.here import Served
from tests.conformance.places import SPOT, SWAP
from tests.conformance.world import markets
from tradewind.cli.data import fetch
from tradewind.data.downloading import Plan
from tradewind.data.store import CandleStore
from tradewind.market import Timeframe

MINUTE = Timeframe("1m")


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [("binance", SPOT), ("binance", SWAP), ("binanceusdm", SWAP), ("bitget", SPOT), ("bitget", SWAP)],
)
def test_candles_arrive_as_they_are_played(venue: str, symbol: str, served: Served, tmp_path: Path) -> None:
    (played,) = [m for m in markets() if m.symbols == (symbol,)]
    start = int(played.open_time[100])
    rows = min(2_000, (served.exchange.clock.now_ms() - start) // MINUTE.ms)
    plan = Plan(venue, (symbol,), MINUTE, start, start + rows * MINUTE.ms)
    store = CandleStore(tmp_path)
    (done,) = asyncio.run(fetch(plan, store, served.exchange.url, quiet=True))
    assert (done.error, done.missing, done.dropped, done.bars) == (None, 0, 0, rows)
    candles = store.candles(venue, symbol, MINUTE)
    assert (candles.open_time == played.open_time[100 : 100 + rows]).all()
    for name in ("open", "high", "low", "close"):
        assert (getattr(candles, name) == getattr(played, name)[100 : 100 + rows, 0]).all(), name
    lot = float(played.instruments[0].lot)
    np.testing.assert_allclose(candles.volume, played.volume[100 : 100 + rows, 0], atol=lot)
    known = store.instrument(venue, symbol).instrument
    assert (known.tick, known.lot) == (played.instruments[0].tick, played.instruments[0].lot)
    if symbol == SWAP:
        assert done.new_funding >= rows // 480
        assert done.new_mark_bars > 0
