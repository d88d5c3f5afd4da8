"""A task that dies is told of and comes back; one that is vital ends the run."""

from __future__ import annotations

import asyncio

import pytest

from tests.trading.ordering import VirtualClock, settle
from tradewind.trading.watching.supervision import Supervisor


@pytest.mark.fault("P9")
@pytest.mark.asyncio
async def test_a_task_that_dies_is_told_of_and_started_again_with_growing_waits() -> None:
    clock, told, begun = VirtualClock(), [], []

    async def work() -> None:
        begun.append(clock.now)
        if len(begun) < 4:
            raise ValueError(f"slip {len(begun)}")
        await clock.sleep(1e9)

    supervisor = Supervisor(clock, lambda name, error: told.append((name, str(error))))
    supervisor.start("stream", work)
    await settle()
    assert supervisor.degraded == ["stream"]
    await clock.advance(10)
    start = begun[0]
    assert [t - start for t in begun] == [0, 1, 3, 7]
    assert told == [("stream", "slip 1"), ("stream", "slip 2"), ("stream", "slip 3")]
    assert supervisor.degraded == []
    assert supervisor.health["stream"].failures == 3
    await supervisor.close()


@pytest.mark.asyncio
async def test_a_vital_task_is_not_started_again() -> None:
    clock, told, begun = VirtualClock(), [], []

    async def work() -> None:
        begun.append(1)
        raise ValueError("books differ")

    supervisor = Supervisor(clock, lambda name, error: told.append(name))
    supervisor.start("books", work, vital=True)
    failed = supervisor.failed
    await clock.advance(600)
    assert begun == [1]
    assert told == ["books"]
    assert str(await asyncio.wait_for(failed, 1)) == "books differ"
    await supervisor.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("vital", [False, True])
async def test_work_that_ends_without_an_error_has_failed_too(vital: bool) -> None:
    clock, told = VirtualClock(), []

    async def returns() -> None:
        return

    async def is_cancelled() -> None:
        asyncio.get_running_loop().call_soon(lost.cancel)
        await lost

    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    supervisor = Supervisor(clock, lambda name, error: told.append(name))
    supervisor.start("returns", returns, vital=vital)
    supervisor.start("is cancelled", is_cancelled, vital=vital)
    failed = supervisor.failed
    await settle()
    assert told == ["returns", "is cancelled"]
    assert supervisor.degraded == told
    assert failed.done() == vital
    await supervisor.close()
