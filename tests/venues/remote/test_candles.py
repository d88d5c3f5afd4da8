"""Closed candles from the streams of both venues, over real sockets: the same bits as the venue's history."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.venues.remote.feeds import MINUTE, PLACES, Place, feeding, over_sockets
from tradewind.venues.remote.candle_assembly import CandleSettings


@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_snapshots_of_the_stream_equal_the_history_bit_for_bit(tmp_path: Path, place: Place) -> None:
    without_rest = CandleSettings(check_after_seconds=60)
    async with feeding(tmp_path, place, settings=without_rest) as feed:
        await feed.live()
        assert len(feed.got) == 20
        await feed.minutes(40)
        await feed.minutes(1, 2_000)  # where a candle is not flagged, its successor's first trade closes it
        await feed.until(lambda: len(feed.got) == 60)
        feed.assert_contiguous()
        start, end = feed.got[0].open_time, feed.got[-1].close_time
        for index, symbol in enumerate(place[1]):
            assert [s.bars[index] for s in feed.got] == await feed.history(symbol, start, end)
        counters = feed.candles.counters
        assert (counters.backfilled, counters.masked, counters.revisions) == (0, 0, 0)
        assert end == feed.exchange.clock.now_ms() // MINUTE * MINUTE
