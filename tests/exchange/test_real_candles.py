"""Real candles come out of the exchange as they went in, at every interval, and as the trades inside them."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest

from tests.exchange.worlds import D
from tradewind.data.aligning import align
from tradewind.data.importing import import_file
from tradewind.exchange import Exchange
from tradewind.exchange.candles import Candle
from tradewind.exchange.interval import Interval
from tradewind.market import Kind, ManualClock, Market

SETS = [
    ("perp_1m/BTCUSD.parquet", Kind.PERPETUAL, 12_000, ("1m", "3m", "5m", "15m", "1h", "4h", "1d")),
    ("perp_5m/XRPUSDT.parquet", Kind.PERPETUAL, 6_000, ("5m", "15m", "30m", "1h", "6h", "1d", "1w")),
    ("binance_spot_1h/BTCUSDT.parquet", Kind.SPOT, 6_000, ("1h", "2h", "12h", "1d", "3d", "1w", "1M")),
]
real = pytest.mark.parametrize(
    ("name", "kind", "rows", "intervals"), SETS, ids=[name.split("/")[0] for name, *_ in SETS]
)


def load(real_data: Path, name: str, kind: Kind, rows: int) -> tuple[Market, Exchange]:
    """The first rows of a file, and an exchange at their end."""
    whole = align([import_file(real_data / name, kind=kind).series], gap_tolerance_bars=24)
    market = whole.rows(0, min(rows, len(whole.open_time)))
    world = Exchange([market], seed=11, wire=ManualClock(0))
    world.advance(world.tape.end_ms)
    return market, world


def served(world: Exchange, symbol: str, interval: str) -> list[Candle]:
    """All candles, page by page, as clients download them."""
    found: list[Candle] = []
    start = world.tape.start_ms - 40 * 86_400_000
    while page := world.tape.candles(symbol, interval, start, limit=1000):
        found.extend(page)
        start = page[-1].open_time + 1
    return [candle for candle in found if candle.open_time < world.tape.end_ms]


def numbers(market: Market, name: str) -> list[Decimal]:
    """One column as the decimals that were recorded."""
    keep = market.tradable[:, 0]
    return [D(repr(float(v))) for v in getattr(market, name)[keep, 0]]


@real
def test_candles_are_those_of_the_data_at_every_interval(
    name: str, kind: Kind, rows: int, intervals: tuple[str, ...], real_data: Path
) -> None:
    market, world = load(real_data, name, kind, rows)
    symbol, lot = market.symbols[0], market.instruments[0].lot
    times = [int(t) for t in market.open_time[market.tradable[:, 0]]]
    o, h, low, c, v = (numbers(market, n) for n in ("open", "high", "low", "close", "volume"))
    lots = [volume // lot * lot for volume in v]
    for text in intervals:
        interval = Interval.of(text)
        expected = []
        for opened, group in groupby(range(len(times)), key=lambda i: interval.floor(times[i])):
            rows_of = list(group)
            expected.append(
                (
                    opened,
                    o[rows_of[0]],
                    max(h[i] for i in rows_of),
                    min(low[i] for i in rows_of),
                    c[rows_of[-1]],
                    sum((lots[i] for i in rows_of), D(0)),
                )
            )
        candles = served(world, symbol, text)
        assert [(k.open_time, k.open, k.high, k.low, k.close, k.volume) for k in candles] == expected, (
            f"candles of {text} differ"
        )
    assert max(volume - kept for volume, kept in zip(v, lots, strict=True)) < lot


@real
def test_trades_inside_real_bars_make_these_bars(
    name: str, kind: Kind, rows: int, intervals: tuple[str, ...], real_data: Path
) -> None:
    market, world = load(real_data, name, kind, rows)
    symbol = market.symbols[0]
    candles = served(world, symbol, intervals[0])
    for candle in candles[:: max(1, len(candles) // 150)]:
        trades = world.tape.trades_since(symbol, candle.open_time, 1000, candle.close_time - 1)
        assert sum(t.quantity for t in trades) == candle.volume
        prices = [t.price for t in trades]
        if candle.volume > 1:
            assert (prices[0], prices[-1]) == (candle.open, candle.close)
            assert (max(prices), min(prices)) == (candle.high, candle.low)
        assert [t.id for t in trades] == sorted({t.id for t in trades})
        assert all(candle.first_trade_id <= t.id < candle.next_trade_id for t in trades)
