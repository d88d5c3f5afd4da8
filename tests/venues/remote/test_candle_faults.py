"""What venues and networks do to streams of candles, over real sockets: nothing is lost, doubled or just believed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.venues.remote.feeds import (
    BINANCE_PERPETUAL,
    BINANCE_SPOT,
    BITGET_PERPETUAL,
    BITGET_SPOT,
    MINUTE,
    Feed,
    Place,
    QuickClock,
    feeding,
    over_sockets,
)
from tradewind.gateway.control import ControlClient
from tradewind.market import ConfigError
from tradewind.venues.remote.candle_assembly import CandleSettings

ONE_EACH = pytest.mark.parametrize("place", [BINANCE_SPOT, BITGET_PERPETUAL], ids=str)
CANDLES = {"kind": "candle"}


async def equal_history(feed: Feed, bars: int) -> None:
    """The feed has so many bars by now, and all of them are those of the exchange."""
    await feed.minutes(1, 2_000)
    await feed.until(lambda: len(feed.got) >= bars)
    feed.assert_contiguous()
    assert len(feed.got) == bars
    start, end = feed.got[0].open_time, feed.got[-1].close_time
    for index, symbol in enumerate(feed.candles.symbols):
        assert [s.bars[index] for s in feed.got] == await feed.history(symbol, start, end), symbol


def end_lines(feed: Feed) -> None:
    for line in tuple(feed.exchange.server.lines):
        line.close(1001, "24 hours are over")


@pytest.mark.fault("M1")
@ONE_EACH
@over_sockets
async def test_a_silent_line_is_bridged_by_rest_and_dialled_again(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock(20)) as feed:
        await feed.live()
        rule = feed.fault("silence", where="frame")
        await feed.minutes(3)
        await feed.until(lambda: len(feed.got) == 23)
        assert feed.candles.counters.backfilled == 6
        while not feed.candles.counters.silences:
            await feed.minutes(1, 1_000)
        feed.exchange.faults.remove(rule.id)
        before = feed.candles.counters.frames
        await feed.until(lambda: feed.candles.counters.ends)
        while feed.candles.counters.frames == before:
            await feed.minutes(1, 500)
        done = len(feed.got)
        await feed.minutes(2)
        await equal_history(feed, done + 2)


@pytest.mark.fault("M2")
@ONE_EACH
@over_sockets
async def test_bars_that_close_while_the_line_is_down_come_by_rest(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("refuse", where="connect", reason="unavailable", when={"for_seconds": 1.0})
        end_lines(feed)
        await feed.minutes(3)
        await feed.until(lambda: len(feed.got) == 23)
        assert feed.candles.in_time(feed.got[-1])
        assert feed.candles.counters.ends >= 1
        await asyncio.sleep(1.2)
        while feed.candles._streams.line(place[1][0]) is None:
            await asyncio.sleep(0.05)
        await feed.minutes(2)
        await equal_history(feed, 25)


@pytest.mark.fault("M3")
@pytest.mark.parametrize("place", [BINANCE_PERPETUAL, BITGET_SPOT], ids=str)
@over_sockets
async def test_candles_that_come_twice_or_in_another_order_count_once(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("duplicate", where="frame", match=CANDLES, when={"every": 2})
        feed.fault("reorder", where="frame", match=CANDLES, when={"every": 3})
        await feed.minutes(12)
        feed.exchange.faults.clear()
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 32)
        feed.assert_contiguous()
        await feed.until(lambda: not feed.candles._given.due(1 << 60))  # all was checked
        newest = {s.open_time: s for s in feed.got} | {r.snapshot.open_time: r.snapshot for r in feed.revised}
        start, end = feed.got[0].open_time, feed.got[-1].close_time
        for index, symbol in enumerate(place[1]):
            assert [newest[t].bars[index] for t in sorted(newest)] == await feed.history(symbol, start, end)


@pytest.mark.fault("M4")
@ONE_EACH
@over_sockets
async def test_a_bar_after_the_deadline_was_masked_and_is_told_as_revised(
    tmp_path: Path, place: Place
) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        late = {"symbol": place[1][1]}
        feed.fault("delay", where="frame", match=CANDLES | late, ms=1_500)  # 15 s of the feed's clock
        rest = feed.fault("delay", match={"kind": "candles"} | late, ms=1_500)
        await feed.minutes(1)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 21)
        assert feed.got[-1].bars[0] is not None
        assert feed.got[-1].bars[1] is None
        assert feed.candles.counters.masked == 1
        feed.exchange.faults.remove(rest.id)
        await feed.until(lambda: feed.revised)
        assert feed.candles.counters.late == 1
        assert feed.revised[0].revisions[0].before is None
        start, end = feed.got[-1].open_time, feed.got[-1].close_time
        assert [feed.revised[0].snapshot.bars[1]] == await feed.history(place[1][1], start, end)
        assert feed.revised[0].snapshot.bars[0] == feed.got[-1].bars[0]


@pytest.mark.fault("M5")
@ONE_EACH
@over_sockets
async def test_a_closed_bar_that_the_venue_corrects_is_told_as_revised(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        house = "bitget" if place[0] == "bitget" else "binance"
        async with ControlClient(feed.exchange.url) as control:
            for bars in (21, 22, 23, 24):
                await feed.minutes(1)
                await feed.minutes(1, 2_000)
                await feed.until(lambda: len(feed.got) == bars)  # noqa: B023 - awaited here
                if bars < 24:
                    await control.do(
                        "candles/revise",
                        venue=house,
                        symbol=place[1][0],
                        bars_back=1,
                        high="x1.02",
                        close="x1.01",
                    )
        await feed.until(lambda: len(feed.revised) == 3)
        revision = feed.revised[-1].revisions[0]
        assert revision.before is not None
        assert revision.after[3] == pytest.approx(revision.before[3] * 1.01, rel=1e-5)
        assert [revision.open_time for r in feed.revised for revision in r.revisions] == [
            s.open_time for s in feed.got[20:23]
        ]
        assert len(feed.alarms) == 1
        assert "3 closed bars were revised" in feed.alarms[0]


@pytest.mark.fault("M6")
@pytest.mark.parametrize("place", [BINANCE_SPOT, BINANCE_PERPETUAL], ids=str)
@over_sockets
async def test_a_forming_candle_that_is_told_as_closed_closes_nothing(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place) as feed:
        feed.fault("alter", where="frame", match=CANDLES, candle={"closed": True})
        await feed.live()
        await feed.minutes(12, 30_000)
        assert feed.candles.counters.early > 0
        await equal_history(feed, 26)


@pytest.mark.fault("M6")
@over_sockets
async def test_a_candle_of_the_future_closes_nothing_where_no_candle_is_flagged(tmp_path: Path) -> None:
    async with feeding(tmp_path, BITGET_SPOT, clock=QuickClock()) as feed:
        await feed.live()
        ahead = {"time": str(feed.exchange.clock.now_ms() // MINUTE * MINUTE + 5 * MINUTE)}
        feed.fault("alter", where="frame", match=CANDLES, candle=ahead, when={"every": 2})
        await feed.minutes(4)
        feed.exchange.faults.clear()
        assert feed.candles.counters.rejected > 0
        await feed.minutes(3)
        await equal_history(feed, 27)


@pytest.mark.fault("M7")
@over_sockets
async def test_a_bar_that_the_venue_has_not_is_masked_and_counted(tmp_path: Path) -> None:
    async with feeding(tmp_path, BINANCE_SPOT, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("silence", where="frame", match=CANDLES | {"symbol": "ETH/USDT"})
        feed.fault("alter", match={"kind": "candles", "symbol": "ETH/USDT"}, delete=["2"])
        await feed.minutes(1)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 21)
        assert feed.got[-1].bars[1] is None
        assert (feed.candles.counters.missing, feed.candles.counters.masked) == (1, 0)


@pytest.mark.fault("M7")
@over_sockets
async def test_bars_without_volume_are_bars_and_are_counted(tmp_path: Path) -> None:
    async with feeding(tmp_path, BINANCE_SPOT, settings=CandleSettings(check_after_seconds=60)) as feed:
        feed.fault("alter", where="frame", match=CANDLES, candle={"volume": "0"})
        await feed.live()
        await feed.minutes(2)
        await feed.until(lambda: len(feed.got) == 22)
        assert feed.candles.counters.zero_volume == 4
        assert all(bar is not None and bar.volume == 0 for bar in feed.got[-1].bars)


@pytest.mark.fault("M8")
@pytest.mark.parametrize(
    "candle",
    [
        {"close": "0"},
        {"close": "-1"},
        {"close": "NaN"},
        {"close": "1e308"},
        {"close": "much"},
        {"close": "x10", "high": "x10"},
        {"open": "x0.1", "low": "x0.1"},
    ],
    ids=str,
)
@over_sockets
async def test_prices_that_cannot_be_are_refused_and_fetched_again(
    tmp_path: Path, candle: dict[str, Any]
) -> None:
    async with feeding(tmp_path, BINANCE_SPOT, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("alter", where="frame", match=CANDLES, candle=candle)
        feed.fault("alter", match={"kind": "candles"}, candle=candle, when={"every": 3})
        await feed.minutes(3)
        await equal_spans(feed, 23)
        counters = feed.candles.counters
        assert counters.rejected + counters.doubted > 0
        assert counters.backfilled == 6
        assert counters.revisions == 0


@pytest.mark.fault("M9")
@pytest.mark.parametrize("place", [BINANCE_PERPETUAL, BITGET_PERPETUAL], ids=str)
@pytest.mark.parametrize("candle", [{"high": "x0.5"}, {"open": "x2"}, {"time": "x0.001"}], ids=str)
@over_sockets
async def test_candles_that_cannot_be_are_refused_and_fetched_again(
    tmp_path: Path, place: Place, candle: dict[str, Any]
) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("alter", where="frame", match=CANDLES, candle=candle)
        feed.fault("alter", match={"kind": "candles"}, candle=candle, when={"every": 3})
        await feed.minutes(3)
        await equal_spans(feed, 23)
        assert feed.candles.counters.rejected > 0
        assert feed.candles.counters.backfilled == 6


async def equal_spans(feed: Feed, bars: int) -> None:
    """As `equal_history`, for a fault that is over once the bars are there."""
    await feed.minutes(1, 2_000)
    await feed.until(lambda: len(feed.got) >= bars)
    feed.exchange.faults.clear()
    await equal_history(feed, bars)


@pytest.mark.fault("M10")
@ONE_EACH
@over_sockets
async def test_one_stale_symbol_is_masked_and_the_others_go_on(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        stale = {"symbol": place[1][1]}
        feed.fault("silence", where="frame", match=CANDLES | stale)
        feed.fault("refuse", match={"kind": "candles"} | stale, reason="unavailable")
        for bars in (21, 22, 23):
            await feed.minutes(1)
            await feed.minutes(1, 2_000)
            await feed.until(lambda: len(feed.got) == bars)  # noqa: B023 - awaited here
        assert all(s.bars[0] is not None and s.bars[1] is None for s in feed.got[20:])
        assert feed.candles.counters.masked == 3
        assert feed.candles.data_age(place[1][1]) > 10 > feed.candles.data_age(place[1][0])
        feed.exchange.faults.clear()
        await feed.until(lambda: feed.candles.counters.late == 3)
        await feed.minutes(1)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 24)
        assert None not in feed.got[-1].bars


@pytest.mark.fault("M11")
@ONE_EACH
@over_sockets
async def test_a_subscription_that_was_swallowed_is_made_again(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock(20)) as feed:
        await feed.live()
        swallowed = feed.fault("ignore", where="word", match={"kind": "subscribe"}, when={"times": 1})
        end_lines(feed)
        await feed.until(lambda: swallowed.fired)
        frames, bars = feed.candles.counters.frames, len(feed.got)
        while feed.candles.counters.frames == frames:
            await feed.minutes(1, 500)
        assert feed.candles.counters.silences >= 1
        await feed.minutes(2)
        bars = (feed.exchange.clock.now_ms() - feed.got[0].open_time) // MINUTE
        await equal_history(feed, bars)


@pytest.mark.fault("M12")
@ONE_EACH
@over_sockets
async def test_lines_that_end_after_a_day_are_dialled_again(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        for count in (1, 2):
            end_lines(feed)
            await feed.until(lambda: feed.candles.counters.ends >= count)  # noqa: B023 - awaited here
            frames = feed.candles.counters.frames
            while feed.candles.counters.frames == frames:
                await feed.minutes(1, 500)
            await feed.minutes(2)
        bars = (feed.exchange.clock.now_ms() - feed.got[0].open_time) // MINUTE
        await equal_history(feed, bars)


@pytest.mark.fault("M14")
@over_sockets
async def test_a_symbol_with_too_short_a_history_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async with feeding(tmp_path, BINANCE_SPOT, warm_up=4_001) as feed:
        with pytest.raises(ConfigError, match="has 4000 closed 1m bars at binance, the warm-up needs 4001"):
            await feed.reading


@pytest.mark.fault("E10")
@ONE_EACH
@over_sockets
async def test_pages_of_proxies_and_refused_connections_teach_nothing_and_end_nothing(
    tmp_path: Path, place: Place
) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("html", match={"kind": "candles"}, when={"every": 2})
        feed.fault("drop", match={"kind": "candles"})
        feed.fault("refuse", where="connect", status=407, code="0", message="<html>sign in</html>")
        end_lines(feed)
        await feed.minutes(3)
        await feed.until(lambda: feed.candles.counters.rest_failures > 4)
        assert len(feed.got) == 20
        feed.exchange.faults.clear()
        await feed.until(lambda: len(feed.got) == 23)
        await equal_history(feed, 23)


@pytest.mark.fault("E12")
@ONE_EACH
@over_sockets
async def test_an_hour_without_streams_is_lived_by_rest(tmp_path: Path, place: Place) -> None:
    patient = CandleSettings(deadline_seconds=30)
    async with feeding(tmp_path, place, clock=QuickClock(), settings=patient) as feed:
        await feed.live()
        feed.fault("refuse", where="connect", reason="unavailable")
        end_lines(feed)
        await feed.minutes(60)
        await equal_history(feed, 80)
        assert feed.candles.in_time(feed.got[-1])
        assert all(feed.candles.data_age(symbol) < 10 for symbol in place[1])


@pytest.mark.fault("E12")
@ONE_EACH
@over_sockets
async def test_streams_go_on_while_rest_is_down(tmp_path: Path, place: Place) -> None:
    async with feeding(tmp_path, place, clock=QuickClock()) as feed:
        await feed.live()
        feed.fault("refuse", match={"kind": "candles"}, reason="unavailable")
        await feed.minutes(30)
        await feed.minutes(1, 2_000)
        await feed.until(lambda: len(feed.got) == 50)
        assert feed.candles.counters.rest_failures > 0
        feed.exchange.faults.clear()
        await equal_history(feed, 50)


@pytest.mark.fault("M1")
@pytest.mark.fault("M8")
@over_sockets
async def test_a_frame_that_is_no_json_ends_the_reading_of_ccxt_and_not_the_feed(tmp_path: Path) -> None:
    async with feeding(tmp_path, BINANCE_PERPETUAL, clock=QuickClock(20)) as feed:
        await feed.live()
        broken: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: broken.append(context))
        feed.fault("alter", where="frame", match=CANDLES, set={"k.c": float("nan")}, when={"times": 1})
        await feed.minutes(3)
        await feed.until(lambda: len(feed.got) == 23)
        assert broken
        while not feed.candles.counters.silences:
            await feed.minutes(1, 500)
        frames = feed.candles.counters.frames
        while feed.candles.counters.frames == frames:
            await feed.minutes(1, 500)
        await feed.minutes(2)
        bars = (feed.exchange.clock.now_ms() - feed.got[0].open_time) // MINUTE
        await equal_history(feed, bars)


@over_sockets
async def test_a_line_that_ccxt_closes_is_dialled_again(tmp_path: Path) -> None:
    async with feeding(tmp_path, BITGET_SPOT, clock=QuickClock()) as feed:
        await feed.live()
        await feed.client.close_ws_clients()
        await feed.until(lambda: feed.candles.counters.ends)
        await feed.minutes(4)
        await equal_history(feed, 24)
