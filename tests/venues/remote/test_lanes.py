"""Who may ask next, and when nobody may."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.trading.ordering import VirtualClock, settle
from tradewind.market.errors import Stopped
from tradewind.venues.remote.lanes import LANE, PATIENCE_SECONDS, RESERVED, Lane, Lanes

BUDGET = 100.0


def run(story: Callable[[Lanes, VirtualClock], Awaitable[None]]) -> None:
    async def alone() -> None:
        clock = VirtualClock()
        lanes = Lanes(clock, BUDGET)
        await story(lanes, clock)
        lanes.close()

    asyncio.run(alone())


async def ask(lanes: Lanes, lane: Lane, cost: float, done: list[Lane]) -> None:
    LANE.set(lane)
    await lanes(cost)
    done.append(lane)


def asked(lanes: Lanes, lane: Lane, cost: float, done: list[Lane]) -> asyncio.Task[None]:
    return asyncio.create_task(ask(lanes, lane, cost, done))


def test_a_part_of_the_budget_is_kept_for_closing_and_for_what_is_unknown() -> None:
    async def story(lanes: Lanes, clock: VirtualClock) -> None:
        done: list[Lane] = []
        asked(lanes, Lane.HISTORY, BUDGET * (1 - RESERVED), done)
        await settle()
        asked(lanes, Lane.HISTORY, 1, done)
        asked(lanes, Lane.STOPS, 1, done)
        asked(lanes, Lane.CLOSE, 10, done)
        asked(lanes, Lane.RESOLVE, 10, done)
        await settle()
        assert done == [Lane.HISTORY, Lane.CLOSE, Lane.RESOLVE]
        asked(lanes, Lane.CLOSE, 1, done)
        await clock.advance(59.9)
        assert len(done) == 3
        await clock.advance(0.2)
        assert done[3:] == [Lane.CLOSE, Lane.STOPS, Lane.HISTORY]

    run(story)


def test_an_entry_that_came_too_late_is_dropped() -> None:
    async def story(lanes: Lanes, clock: VirtualClock) -> None:
        done: list[Lane] = []
        asked(lanes, Lane.HISTORY, 80, done)
        await settle()
        late = asked(lanes, Lane.ENTRIES, 1, done)
        await settle()
        assert isinstance(late.exception(), Stopped)
        await clock.advance(60 - PATIENCE_SECONDS / 2)
        soon = asked(lanes, Lane.ENTRIES, 1, done)
        await clock.advance(PATIENCE_SECONDS)
        assert soon.exception() is None
        assert done == [Lane.HISTORY, Lane.ENTRIES]

    run(story)


@pytest.mark.fault("E2")
def test_a_ban_stops_everything_until_its_end_and_a_shorter_one_does_not_end_it() -> None:
    async def story(lanes: Lanes, clock: VirtualClock) -> None:
        done: list[Lane] = []
        asked(lanes, Lane.HISTORY, 80, done)
        await settle()
        waits = asked(lanes, Lane.HISTORY, 1, done)
        await settle()
        lanes.stop(120)
        lanes.stop(5)
        await settle()
        assert isinstance(waits.exception(), Stopped)
        for lane in Lane:
            refused = asked(lanes, lane, 1, done)
            await settle()
            error = refused.exception()
            assert isinstance(error, Stopped)
            assert error.seconds == pytest.approx(120)
        await clock.advance(120.1)
        assert lanes.stopped_for == 0
        asked(lanes, Lane.ENTRIES, 1, done)
        await settle()
        assert done == [Lane.HISTORY, Lane.ENTRIES]

    run(story)


def test_one_that_gave_up_holds_nobody_up() -> None:
    async def story(lanes: Lanes, clock: VirtualClock) -> None:
        done: list[Lane] = []
        asked(lanes, Lane.CLOSE, 100, done)
        await settle()
        gone = asked(lanes, Lane.CLOSE, 50, done)
        asked(lanes, Lane.STOPS, 1, done)
        await settle()
        gone.cancel()
        await clock.advance(60.1)
        assert done == [Lane.CLOSE, Lane.STOPS]
        assert lanes.used == pytest.approx(0.01)

    run(story)
