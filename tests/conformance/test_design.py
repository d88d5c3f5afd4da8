"""The fields that clients are known to need are there, in raw replies and frames."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.design import CALLS, FRAMES, Call, Frame
from tests.conformance.here import Here, Served, connected
from tests.conformance.places import PLACES
from tests.conformance.surface.acts import held, resting

NAMED = {place.name: place for place in PLACES}


def inside(found: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        found = found[step]
    return found


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.place}-{call.method}-{call.fields[0]}")
def test_a_reply_has_the_fields(call: Call, served: Served) -> None:
    async def ask() -> Any:
        async with connected(NAMED[call.place], served) as here:
            await held(here)
            await resting(here)
            return await getattr(here.client, call.method)(call.parameters)

    assert set(call.fields) - set(inside(asyncio.run(ask()), call.inside)) == set()


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{frame.place}-{frame.name}-{frame.fields[0]}")
def test_a_frame_has_the_fields(frame: Frame, served: Served) -> None:
    async def listen() -> Any:
        async with connected(NAMED[frame.place], served) as here:
            told = _all_frames(here)
            watching = asyncio.create_task(getattr(here.client, frame.watch)())
            await asyncio.sleep(0.3)
            await held(here)
            try:
                return await here.until(lambda: _first(told, frame))
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    assert set(frame.fields) - set(inside(asyncio.run(listen()), frame.inside)) == set()


def _all_frames(here: Here) -> list[Any]:
    told: list[Any] = []
    handle = here.client.handle_message

    def keep(client: Any, message: Any) -> None:
        told.append(message)
        handle(client, message)

    here.client.handle_message = keep
    return told


async def _first(told: list[Any], frame: Frame) -> Any:
    for message in told:
        if frame.name in (message.get("e"), message.get("event", {}).get("e")):
            found = inside(message, frame.inside)
            if frame.having is None or found[frame.having[0]] == frame.having[1]:
                return message
    return None
