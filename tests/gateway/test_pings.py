"""Pings over real sockets: those of a client are answered, and a client that answers none is let go."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.gateway.bitget.venue import house as bitget_house
from tests.gateway.here import house
from tradewind.gateway import Server
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.binance.usdm import BinanceUsdm
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3

PATHS = ["/ws", "/stream", "/ws-api/v3", "/market/ws", "/ws-fapi/v1", "/v2/ws/public", "/v3/ws/private"]


def server(ping_seconds: float) -> Server:
    found, other = house(), bitget_house()
    dialects = [BinanceSpot(found), BinanceUsdm(found), BitgetV2(other), BitgetV3(other)]
    return Server([found, other], dialects, ping_seconds=ping_seconds)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PATHS)
async def test_a_ping_is_answered_with_what_it_said(path: str) -> None:
    made = server(60.0)
    port, _ = await made.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}{path}", autoping=False) as socket,
        ):
            await socket.ping(b"are you there")
            reply = await asyncio.wait_for(socket.receive(), 5)
            assert (reply.type, bytes(reply.data)) == (aiohttp.WSMsgType.PONG, b"are you there")
    finally:
        await made.stop()


@pytest.mark.asyncio
async def test_who_answers_pings_stays_and_who_does_not_is_let_go() -> None:
    made = server(0.5)
    port, _ = await made.start()
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/ws"
            async with session.ws_connect(url, autoping=False) as deaf, session.ws_connect(url) as polite:
                listening = asyncio.create_task(polite.receive())
                pings = 0
                while (message := await asyncio.wait_for(deaf.receive(), 10)).type is aiohttp.WSMsgType.PING:
                    pings += 1
                assert pings >= 3
                assert (message.type, message.data, message.extra) == (
                    aiohttp.WSMsgType.CLOSE,
                    1008,
                    "no pong",
                )
                await asyncio.sleep(1.0)
                assert not listening.done()
                assert len(made.lines) == 1
                listening.cancel()
    finally:
        await made.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PATHS)
async def test_bytes_that_are_no_text_get_an_error_and_the_socket_stays(path: str) -> None:
    made = server(60.0)
    port, _ = await made.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}{path}") as socket,
        ):
            for sent in (b"\xff\xfe\x00", b"{", b""):
                await socket.send_bytes(sent)
                reply = await asyncio.wait_for(socket.receive_json(), 5)
                assert "error" in (reply.get("event"), *reply)
    finally:
        await made.stop()
