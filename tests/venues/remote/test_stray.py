"""What breaks in a client's lines while nobody waits for it is told in one line, and nothing else is hidden."""

from __future__ import annotations

import asyncio
import gc
import logging
from pathlib import Path

import aiohttp
import pytest

from tests.gateway.exchange_here import opened
from tradewind.venues.remote.stray import told_in_one_line


async def forgotten(work: object) -> None:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    await asyncio.sleep(0.05)
    del task, work
    gc.collect()
    await asyncio.sleep(0)


def test_a_pong_into_a_line_that_is_gone_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with opened(tmp_path, tls=False) as exchange, aiohttp.ClientSession() as session:
            line = await session.ws_connect(f"{exchange.url}/ws/btcusdt@trade", autoping=False)
            with told_in_one_line():
                assert line._response.connection is not None
                line._response.connection.close()
                await forgotten(line.pong(b"x"))
            await line.close()

    asyncio.run(story())
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "a line broke under ClientWebSocketResponse.pong: " in record.getMessage()
    assert "\n" not in record.getMessage()


def test_what_is_no_break_is_told_whole(caplog: pytest.LogCaptureFixture) -> None:
    async def wrong() -> None:
        raise KeyError("a mistake of ours")

    async def story() -> None:
        with told_in_one_line():
            await forgotten(wrong())

    asyncio.run(story())
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert "never retrieved" in record.getMessage()


def test_afterwards_the_loop_is_as_it_was() -> None:
    async def story() -> None:
        heard: list[object] = []
        loop = asyncio.get_running_loop()
        mine = lambda loop, context: heard.append(context)  # noqa: E731
        loop.set_exception_handler(mine)
        with told_in_one_line():
            assert loop.get_exception_handler() is not mine
        assert loop.get_exception_handler() is mine

    asyncio.run(story())
