"""From the frame that closes a candle to its snapshot in the consumer's hands: far below half a millisecond."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.venues.remote.feeds import BINANCE_SPOT, BITGET_SPOT, Place, feeding, over_sockets
from tradewind.venues.remote.candle_assembly import CandleSettings


@pytest.mark.parametrize("place", [BINANCE_SPOT, BITGET_SPOT], ids=str)
@over_sockets
async def test_from_the_closing_frame_to_the_snapshot_is_quick(tmp_path: Path, place: Place) -> None:
    without_rest = CandleSettings(check_after_seconds=1e6)
    one = place[1][:1]
    async with feeding(tmp_path, place, symbols=one, settings=without_rest) as feed:
        await feed.live()
        line = feed.candles._streams.line(one[0])
        came = 0

        def received(message: Any, handle: Any = line.handle_message) -> None:
            nonlocal came
            came = time.perf_counter_ns()
            handle(message)

        line.handle_message = received
        took: list[float] = []
        take = feed.got.append

        def taken(snapshot: Any) -> None:
            took.append((time.perf_counter_ns() - came) / 1e6)
            take(snapshot)

        feed.got = Taken(taken)  # type: ignore[assignment]
        for _ in range(150):
            await feed.minutes(1)
        assert len(took) >= 149
        took.sort()
        median, late = statistics.median(took), took[int(len(took) * 0.95)]
        print(f"{place[0]}: p50 {median:.3f} ms, p95 {late:.3f} ms, least {took[0]:.3f} ms")
        assert median < 0.5


class Taken(list[Any]):
    """A list that tells when something is appended."""

    def __init__(self, tell: Any) -> None:
        super().__init__()
        self.append = tell  # type: ignore[method-assign]


def test_neither_torch_nor_polars_is_imported() -> None:
    code = (
        "import sys, tradewind.venues.remote.candles, tradewind.venues.remote.quotes;"
        "print([m for m in ('torch', 'polars', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
