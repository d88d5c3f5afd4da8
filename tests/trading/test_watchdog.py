"""A loop that stands still is noticed while it does, and how long it did afterwards."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tradewind.trading.watching.watchdog import Watchdog

LIMIT = 0.2


def think_for_long() -> None:
    time.sleep(3 * LIMIT)


@pytest.mark.fault("P8")
def test_a_blocked_loop_is_told_of_by_another_thread_with_its_place() -> None:
    during: list[tuple[str, int]] = []
    after: list[tuple[float, str]] = []
    dog = Watchdog(
        lambda where: during.append((where, threading.get_ident())),
        lambda seconds, where: after.append((seconds, where)),
        LIMIT,
    )

    async def story() -> None:
        keeping = asyncio.create_task(dog.keep())
        await asyncio.sleep(2 * LIMIT)
        assert (during, after) == ([], [])
        think_for_long()
        assert len(during) == 1  # told while it stood
        await asyncio.sleep(LIMIT)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    before = threading.active_count()
    asyncio.run(story())
    (where, thread), (seconds, told) = during[0], after[0]
    assert where.startswith("think_for_long (line ")
    assert thread != threading.get_ident()
    assert (told, dog.stalls) == (where, 1)
    assert seconds >= 3 * LIMIT
    time.sleep(LIMIT)
    assert threading.active_count() == before
