"""The venue's time over real sockets: a skewed venue, and a wall that jumps."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.gateway.exchange_here import opened
from tests.venues.remote.feeds import QuickClock, by_the_wall
from tradewind.clients import connect
from tradewind.data.patience import Patience, VenueReader
from tradewind.gateway.faults.rules import rule_of
from tradewind.market import TradewindError, WallClock
from tradewind.venues.remote.venue_clock import SteadyClock, VenueClock


class Wall:
    """The wall, and what a hand adds to it."""

    def __init__(self) -> None:
        self.added_ms = 0

    def now_ms(self) -> int:
        return WallClock().now_ms() + self.added_ms

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Hurried(SteadyClock):
    """Steady time whose waits take a fiftieth."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


@pytest.mark.fault("E5")
@pytest.mark.parametrize("venue", ["binance", "binanceusdm", "bitget"])
@by_the_wall
async def test_a_venue_whose_clock_is_ahead_is_measured_and_signatures_follow(
    tmp_path: Path, venue: str
) -> None:
    async with opened(tmp_path, tls=False) as exchange:
        for house in exchange.houses:
            house.wire.skew_ms = 2_500
        client = connect(venue, "local", at=exchange.url)
        alarms: list[str] = []
        steady = SteadyClock()
        clock = VenueClock(VenueReader(client, steady), steady, on_alarm=alarms.append)
        await clock.measure()
        assert clock.skew_ms == pytest.approx(2_500, abs=100)
        assert clock.now_ms() - WallClock().now_ms() == pytest.approx(2_500, abs=100)
        assert client.options["timeDifference"] == pytest.approx(-2_500, abs=100)
        assert len(alarms) == 1
        assert "-2.5 s off the venue's" in alarms[0]
        for house in exchange.houses:
            house.wire.skew_ms = 0
        await clock.measure()
        assert abs(clock.skew_ms) < 100
        assert len(alarms) == 1
        await client.close()


@pytest.mark.fault("E6")
@pytest.mark.parametrize("hours", [1, -1])
@by_the_wall
async def test_a_wall_that_jumps_moves_nothing_and_is_measured_at_once(tmp_path: Path, hours: int) -> None:
    async with opened(tmp_path, tls=False) as exchange:
        client = connect("binance", "local", at=exchange.url)
        wall, steady, alarms, jumps = Wall(), Hurried(), list[str](), list[int]()
        clock = VenueClock(
            VenueReader(client, steady), steady, wall=wall, on_alarm=alarms.append, on_jump=jumps.append
        )
        await clock.measure()
        keeping = asyncio.create_task(clock.keep())
        await asyncio.sleep(0.3)
        assert (clock.measured, clock.jumps) == (1, 0)
        wall.added_ms = hours * 3_600_000
        true = WallClock().now_ms()
        assert clock.now_ms() == pytest.approx(true, abs=100)
        while clock.measured < 2:
            await asyncio.sleep(0.01)
        assert clock.now_ms() - WallClock().now_ms() == pytest.approx(0, abs=100)
        assert jumps == [pytest.approx(hours * 3_600_000, abs=100)]
        assert clock.skew_ms == pytest.approx(-hours * 3_600_000, abs=100)
        assert client.options["timeDifference"] == pytest.approx(hours * 3_600_000, abs=100)
        assert "this machine's clock is" in alarms[0]
        keeping.cancel()
        await client.close()


@pytest.mark.fault("E6")
@by_the_wall
async def test_it_is_measured_every_ten_minutes_and_a_venue_that_is_away_changes_nothing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, tls=False) as exchange:
        client = connect("bitget", "local", at=exchange.url)
        quick = QuickClock(2_000)
        reader = VenueReader(client, quick, Patience(attempts=1))
        clock = VenueClock(reader, quick, wall=quick)
        await clock.measure()
        keeping = asyncio.create_task(clock.keep())
        while clock.measured < 3:
            await asyncio.sleep(0.01)
        exchange.faults.add(rule_of({"do": "refuse", "reason": "unavailable", "match": {"kind": "time"}}))
        before = clock.offset_ms
        while not clock.failures:
            await asyncio.sleep(0.01)
        assert clock.offset_ms == before
        with pytest.raises(TradewindError, match="fetch_time"):
            await clock.measure()
        keeping.cancel()
        await client.close()
