"""Lengths of bars, restarts, walls that jump, and market time that runs faster than the wall."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.gateway.exchange_here import NOW
from tests.venues.remote.feeds import (
    BINANCE_PERPETUAL,
    BINANCE_SPOT,
    BITGET_SPOT,
    MINUTE,
    PLACES,
    Place,
    QuickClock,
    by_the_wall,
    feeding,
    over_sockets,
)
from tradewind.market import ConfigError
from tradewind.venues.remote.candle_assembly import CandleSettings


@pytest.mark.parametrize("timeframe", ["5m", "1h", "4h", "12h", "1d"])
@pytest.mark.parametrize("place", [BINANCE_PERPETUAL, BITGET_SPOT], ids=str)
@over_sockets
async def test_bars_of_any_length_equal_the_history(tmp_path: Path, place: Place, timeframe: str) -> None:
    days = NOW // 86_400_000 * 86_400_000 + 86_400_000 - 30_000  # half a minute before midnight
    quiet = CandleSettings(check_after_seconds=60)
    async with feeding(
        tmp_path, place, timeframe=timeframe, warm_up=2, start_ms=days, settings=quiet
    ) as feed:
        await feed.live()
        had = len(feed.got)
        await feed.minutes(2)
        await feed.until(lambda: len(feed.got) > had)
        step = feed.candles.timeframe.ms
        assert feed.got[-1].close_time == days + 30_000
        assert feed.candles.counters.backfilled == 0
        for index, symbol in enumerate(place[1]):
            start, end = feed.got[0].open_time, feed.got[-1].close_time
            found = await feed.history(symbol, start, end)
            assert [s.bars[index] for s in feed.got] == found
            assert all(bar.close_time - bar.open_time == step for bar in found)


@over_sockets
async def test_a_length_that_is_not_streamed_is_refused(tmp_path: Path) -> None:
    async with feeding(tmp_path, BITGET_SPOT, timeframe="2h") as feed:
        with pytest.raises(ConfigError, match="bitget streams no 2h candles: choose from 1m, 3m, 5m"):
            await feed.reading


@over_sockets
async def test_a_symbol_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    async with feeding(tmp_path, BINANCE_SPOT, symbols=["BTC/USDC"]) as feed:
        with pytest.raises(ConfigError, match="no symbol BTC/USDC: did you mean BTC/USDT"):
            await feed.reading


@pytest.mark.fault("M2")
@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_a_restart_goes_on_behind_the_last_journaled_close(tmp_path: Path, place: Place) -> None:
    since = NOW - 1_500 * MINUTE  # more than one page of any venue
    async with feeding(tmp_path, place, since=since) as feed:
        await feed.until(lambda: len(feed.got) >= 1_500)
        await feed.live()
        await feed.minutes(1)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) >= 1_501)
        feed.assert_contiguous()
        assert feed.got[0].open_time == since
        assert feed.candles.in_time(feed.got[-1])
        assert not feed.candles.in_time(feed.got[0])
        newest = await feed.history(place[1][0], NOW - 400 * MINUTE, NOW)
        assert [s.bars[0] for s in feed.got if NOW - 400 * MINUTE <= s.open_time < NOW] == newest


@pytest.mark.parametrize("speed", [10.0, 600.0])
@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_market_time_may_run_faster_than_the_wall(tmp_path: Path, place: Place, speed: float) -> None:
    bars = 2 if speed == 10 else 60
    async with feeding(tmp_path, place, speed=speed, start_ms=NOW + 55_000) as feed:
        await feed.until(lambda: len(feed.got) >= 20 + bars, seconds=20)
        feed.assert_contiguous()
        start, end = feed.got[0].open_time, feed.got[-1].close_time
        feed.exchange.clock.set_speed(0)
        assert feed.candles.counters.masked == 0
        await asyncio.sleep(1.5)  # all is checked
        assert feed.candles.counters.revisions == 0
        for index, symbol in enumerate(place[1]):
            told = [s.bars[index] for s in feed.got if s.close_time <= end]
            assert told == await feed.history(symbol, start, end)


@pytest.mark.fault("E6")
@pytest.mark.parametrize("hours", [1, -1])
@by_the_wall
async def test_a_wall_that_jumps_changes_nothing_of_the_feed(
    tmp_path: Path, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with feeding(tmp_path, BINANCE_SPOT) as feed:
        await feed.live()
        await feed.minutes(2)
        await feed.until(lambda: len(feed.got) == 22)
        import time

        true = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: true() + hours * 3_600_000_000_000)
        await feed.minutes(3)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 25)
        await asyncio.sleep(1.5)
        feed.assert_contiguous()
        counters = feed.candles.counters
        assert (counters.masked, counters.silences, counters.revisions) == (0, 0, 0)
        assert all(feed.candles.data_age(symbol) < 10 for symbol in BINANCE_SPOT[1])


@pytest.mark.fault("E6")
@over_sockets
async def test_bars_that_were_slept_through_come_in_order_and_are_too_old_to_decide_on(
    tmp_path: Path,
) -> None:
    async with feeding(tmp_path, BITGET_SPOT, clock=QuickClock()) as feed:
        await feed.live()
        for line in tuple(feed.exchange.server.lines):
            line.abort()
        feed.fault("refuse", where="connect", reason="unavailable")
        feed.fault("drop", match={"kind": "candles"})
        await feed.minutes(10)
        await asyncio.sleep(1.5)  # 15 s of the feed's clock
        assert len(feed.got) == 20
        feed.exchange.faults.clear()
        await feed.until(lambda: len(feed.got) == 30)
        feed.assert_contiguous()
        assert not any(feed.candles.in_time(snapshot) for snapshot in feed.got[20:])
        await feed.minutes(1)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 31)
        assert feed.candles.in_time(feed.got[-1])
