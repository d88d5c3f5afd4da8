"""Clients that read slower than the world moves, or not at all, are let go of, and nothing of them stays."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.gateway.faulty import Faulty, faulty
from tradewind.gateway import server

UPGRADE = (
    b"GET /parrot HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
LONG = {"e": "trade", "text": "x" * 10_000}


@asynccontextmanager
async def deaf(here: Faulty) -> AsyncIterator[socket.socket]:
    """A client that shook hands and then never reads."""
    loop = asyncio.get_running_loop()
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.setblocking(False)
    try:
        await loop.sock_connect(made, ("127.0.0.1", int(here.origin.rpartition(":")[2])))
        await loop.sock_sendall(made, UPGRADE)
        assert (await loop.sock_recv(made, 1_000)).startswith(b"HTTP/1.1 101")
        yield made
    finally:
        made.close()


async def gone(here: Faulty, seconds: float) -> bool:
    """Whether the server has let go of every line within so long."""
    try:
        async with asyncio.timeout(seconds):
            while here.parrot.lines:
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False
    return True


@pytest.mark.asyncio
async def test_who_reads_too_slowly_is_told_good_bye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_WAITING", 50)
    async with (
        faulty() as here,
        aiohttp.ClientSession() as session,
        session.ws_connect(here.origin + "/parrot") as socket,
    ):
        for number in range(60):
            here.parrot.say({"e": "trade", "number": number})
        heard = [message.data async for message in socket]
        assert len(heard) == 50
        assert socket.close_code == 1008


@pytest.mark.asyncio
@pytest.mark.parametrize("ended_by", ["too many frames", "a close"])
async def test_who_never_reads_is_cut_off(ended_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_WAITING", 2_000)
    monkeypatch.setattr(server, "GOODBYE_SECONDS", 0.3)
    async with faulty() as here, deaf(here):
        for _ in range(2_500 if ended_by == "too many frames" else 1_500):
            here.parrot.say(LONG)
        await asyncio.sleep(0.2)
        if ended_by == "a close":
            assert here.parrot.lines
            here.faults.close_lines()
        assert await gone(here, 3)
        assert not here.server.lines
