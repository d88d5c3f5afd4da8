"""Faults of lines and frames, over real WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from tests.gateway.faulty import Faulty, faulty


@asynccontextmanager
async def lined() -> AsyncIterator[tuple[Faulty, aiohttp.ClientWebSocketResponse]]:
    async with (
        faulty() as here,
        aiohttp.ClientSession() as session,
        session.ws_connect(here.origin + "/parrot") as socket,
    ):
        yield here, socket


async def heard(socket: aiohttp.ClientWebSocketResponse, seconds: float = 0.3) -> list[Any]:
    """Everything that arrives for so long: frames as JSON, and how the line ended."""
    found: list[Any] = []
    while True:
        try:
            message = await asyncio.wait_for(socket.receive(), seconds)
        except TimeoutError:
            return found
        if message.type is aiohttp.WSMsgType.TEXT:
            found.append(orjson.loads(message.data) if "NaN" not in message.data else message.data)
        else:
            return [*found, (message.type.name, message.data)]


def kline(number: int, closed: bool = False) -> dict[str, Any]:
    k = {
        "t": 60_000 * number,
        "o": "100.00",
        "h": "101.00",
        "l": "99.00",
        "c": "100.50",
        "v": "5",
        "x": closed,
    }
    return {"e": "kline", "E": number, "s": "BTCUSDT", "k": k}


@pytest.mark.asyncio
async def test_a_silent_line_is_alive_and_a_half_open_one_is_not() -> None:
    async with lined() as (here, socket):
        number = await here.control.fault("silence", match={"kind": "candle"})
        here.parrot.say(kline(1))
        here.parrot.say({"e": "trade", "s": "BTCUSDT"})
        assert [m["e"] for m in await heard(socket)] == ["trade"]
        await socket.send_json({"id": 5, "method": "SUBSCRIBE", "params": ["x"]})
        assert await heard(socket) == [{"result": None, "id": 5}]
        await here.control.do("faults/remove", id=number)
        await here.control.fault("freeze", match={"kind": "candle"})
        here.parrot.say(kline(2))
        here.parrot.say({"e": "trade"})
        await socket.send_json({"id": 6})
        await socket.ping()
        assert await heard(socket, 1.5) == []
        assert [said["id"] for said in here.parrot.heard] == [5]
        assert (await here.control.ask("lines"))["lines"][0]["frozen"] is True


@pytest.mark.asyncio
async def test_the_server_pings_and_a_frozen_line_pings_no_more() -> None:
    async with (
        faulty() as here,
        aiohttp.ClientSession() as session,
        session.ws_connect(here.origin + "/parrot", autoping=False) as socket,
    ):
        message = await socket.receive(1)
        assert message.type is aiohttp.WSMsgType.PING
        await socket.pong(message.data)
        await here.control.fault("freeze", where="frame")
        here.parrot.say({"e": "trade"})
        await asyncio.sleep(0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 0.7)


@pytest.mark.asyncio
async def test_who_answers_no_ping_is_cut_off() -> None:
    async with (
        faulty() as here,
        aiohttp.ClientSession() as session,
        session.ws_connect(here.origin + "/parrot", autoping=False) as socket,
    ):
        seen = []
        while not socket.closed:
            seen.append((await socket.receive(5)).type.name)
        assert seen[-1] in ("CLOSE", "CLOSED", "CLOSING")
        assert seen.count("PING") >= 3


@pytest.mark.asyncio
@pytest.mark.parametrize(("do", "end"), [("close", ("CLOSE", 1008)), ("cut", ("CLOSED", None))])
async def test_a_line_is_closed_or_cut(do: str, end: tuple[str, Any]) -> None:
    async with lined() as (here, socket):
        extra = {"code": 1008, "message": "bye"} if do == "close" else {}
        await here.control.fault(do, where="frame", match={"kind": "candle"}, when={"nth": 2}, **extra)
        here.parrot.say(kline(1))
        here.parrot.say(kline(2))
        first, last = await heard(socket)
        assert (first["E"], last) == (1, end)
        await asyncio.sleep(0.05)
        assert not here.faults.lines


@pytest.mark.asyncio
async def test_all_lines_end_at_once_as_after_24_hours() -> None:
    async with lined() as (here, socket):
        assert (await here.control.do("lines/close", path="/other*"))["closed"] == 0
        assert (await here.control.do("lines/close", reason="24h"))["closed"] == 1
        assert await heard(socket) == [("CLOSE", 1001)]


@pytest.mark.asyncio
async def test_frames_come_twice_late_and_in_another_order() -> None:
    async with lined() as (here, socket):
        for do, when, arrived in (
            ("duplicate", {"nth": 1}, [1, 1, 2, 3]),
            ("reorder", {"nth": 1}, [2, 1, 3]),
            ("delay", {"nth": 2}, [1, 3, 2]),
        ):
            extra = {"ms": 150} if do == "delay" else {}
            number = await here.control.fault(do, where="frame", match={"kind": "candle"}, when=when, **extra)
            for moment in (1, 2, 3):
                here.parrot.say(kline(moment))
            assert [m["E"] for m in await heard(socket)] == arrived, do
            await here.control.do("faults/remove", id=number)


@pytest.mark.asyncio
async def test_where_every_frame_is_to_be_overtaken_they_come_in_pairs() -> None:
    async with lined() as (here, socket):
        await here.control.fault("reorder", where="frame")
        for moment in (1, 2, 3, 4):
            here.parrot.say(kline(moment))
        assert [m["E"] for m in await heard(socket)] == [2, 1, 4, 3]


@pytest.mark.asyncio
async def test_an_order_that_a_stream_told_of_late_was_told_all_the_same() -> None:
    """A crash test must not call an order lost whose event was only overtaken, or held until faults ended."""
    async with lined() as (here, socket):
        here.faults.traffic.on = True
        await here.control.fault("reorder", where="frame", match={"kind": "order"}, when={"every": 2})
        names = ["first", "overtaken", "third", "held"]
        for name in names:
            here.parrot.say({"e": "executionReport", "c": name})
        assert [m["c"] for m in await heard(socket)] == ["first", "third", "overtaken"]
        assert list(here.faults.traffic.streamed) == ["first", "third", "overtaken"]
        await here.control.do("faults/clear")
        assert [m["c"] for m in await heard(socket)] == ["held"]
        assert set(here.faults.traffic.streamed) == set(names)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("candle", "expected"),
    [
        ({"close": "x10"}, {"c": "1005.00"}),
        ({"close": "0"}, {"c": "0"}),
        ({"close": "1e308"}, {"c": "1e308"}),
        ({"close": 7}, {"c": "7"}),
        ({"closed": True}, {"x": True}),
        ({"time": "x0.001"}, {"t": 60}),
        ({"high": "x0.5", "low": "x2"}, {"h": "50.50", "l": "198.00"}),
    ],
)
async def test_candles_are_spoilt(candle: dict[str, Any], expected: dict[str, Any]) -> None:
    async with lined() as (here, socket):
        await here.control.fault("alter", where="frame", match={"kind": "candle"}, candle=candle)
        here.parrot.say(kline(1))
        [message] = await heard(socket)
        assert message["k"] == kline(1)["k"] | expected


@pytest.mark.asyncio
async def test_bitgets_rows_are_candles_too_and_nan_is_no_json() -> None:
    async with lined() as (here, socket):
        rule = {"where": "frame", "match": {"kind": "candle"}}
        await here.control.fault("alter", candle={"open": "x2"}, **rule)
        row = ["60000", "100.0", "101", "99", "100.5", "5", "500", "500"]
        frame = {"action": "update", "arg": {"channel": "candle1m", "instId": "BTCUSDT"}, "data": [row]}
        here.parrot.say(frame)
        assert (await heard(socket))[0]["data"] == [["60000", "200.0", *row[2:]]]
        here.faults.clear()
        here.faults.add(_nan_rule())
        here.parrot.say(kline(1))
        assert '"c":NaN' in (await heard(socket))[0]


def _nan_rule() -> Any:
    from tradewind.gateway.faults import rule_of

    return rule_of({"do": "alter", "where": "frame", "set": {"k.c": float("nan")}})


@pytest.mark.asyncio
async def test_a_subscription_is_refused_in_words_or_swallowed() -> None:
    async with lined() as (here, socket):
        subscribe = {"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"]}
        await here.control.fault(
            "refuse",
            where="word",
            code=2,
            message="Invalid request",
            match={"kind": "subscribe"},
            when={"nth": 1},
        )
        await socket.send_json(subscribe)
        assert await heard(socket) == [{"error": {"code": 2, "msg": "Invalid request"}, "id": 1}]
        await here.control.fault("ignore", match={"stream": "*@kline_1m"})
        await socket.send_json(subscribe)
        assert await heard(socket) == []
        await socket.send_json(subscribe | {"params": ["btcusdt@trade"]})
        assert await heard(socket) == [{"result": None, "id": 1}]
        assert len(here.parrot.heard) == 1


@pytest.mark.asyncio
async def test_a_line_is_not_let_in() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        await here.control.fault("refuse", where="connect", reason="retired", match={"path": "/parrot"})
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(here.origin + "/parrot")
        assert caught.value.status == 410
        assert not here.parrot.lines
        await here.control.do("faults/clear")
        async with session.ws_connect(here.origin + "/parrot"):
            await here.control.do("maintenance", on=True)
            await asyncio.sleep(0.1)
            assert not here.parrot.lines
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(here.origin + "/parrot")
