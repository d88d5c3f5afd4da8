"""Faults meet the real protocols: frames are known for what they are, calls over sockets count as requests."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import aiohttp
import ccxt
import orjson
import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, flat, market
from tradewind.clients import Keys, connect
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.gateway.faults import rule_of

KEY, SECRET = "me-key", "me-secret"


@asynccontextmanager
async def local() -> AsyncIterator[LocalExchange]:
    settings = Settings(
        markets=[market(flat(600), (SPOT, PERP))],
        start_ms=START + 60 * MINUTE,
        speed=0.0,
        accounts=[Opening.local("me", {"USDT": D(10_000)})],
        tls=False,
        limits=0.0,
    )
    async with await open_exchange(settings) as exchange:
        yield exchange


@asynccontextmanager
async def socket_at(exchange: LocalExchange, path: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(exchange.url + path) as socket,
    ):
        yield socket


async def heard(socket: aiohttp.ClientWebSocketResponse, seconds: float = 0.4) -> list[Any]:
    found: list[Any] = []
    while True:
        try:
            message = await asyncio.wait_for(socket.receive(), seconds)
        except TimeoutError:
            return found
        found.append(
            orjson.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else message.type.name
        )
        if message.type is not aiohttp.WSMsgType.TEXT:
            return found


def fault(exchange: LocalExchange, do: str, **rule: Any) -> None:
    exchange.faults.add(rule_of({"do": do} | rule))


def call(method: str, **params: Any) -> dict[str, Any]:
    params |= {"apiKey": KEY, "timestamp": int(time.time() * 1000)}
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    signature = hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()
    return {"id": "1", "method": method, "params": params | {"signature": signature}}


def place(name: str) -> dict[str, Any]:
    return call(
        "order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1", newClientOrderId=name
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "subscribe"),
    [
        ("/ws", {"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"]}),
        ("/stream", {"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"]}),
        ("/market/ws", {"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"]}),
    ],
)
async def test_candles_of_binance_are_known_and_spoilt(path: str, subscribe: dict[str, Any]) -> None:
    async with local() as exchange, socket_at(exchange, path) as socket:
        await socket.send_json(subscribe)
        await heard(socket)
        fault(
            exchange, "alter", where="frame", match={"kind": "candle", "symbol": SPOT}, candle={"close": "x2"}
        )
        exchange.control.run("clock", {"step_ms": 3 * MINUTE})
        frames = [m.get("data", m) for m in await heard(socket, 2.5)]
        closes = [float(m["k"]["c"]) for m in frames if m.get("e") == "kline"]
        assert closes
        assert set(closes) == {200.0}


@pytest.mark.asyncio
async def test_candles_of_bitget_are_known_and_spoilt() -> None:
    async with local() as exchange, socket_at(exchange, "/v2/ws/public") as socket:
        arg = {"instType": "SPOT", "channel": "candle1m", "instId": "BTCUSDT"}
        await socket.send_json({"op": "subscribe", "args": [arg]})
        await heard(socket)
        fault(
            exchange,
            "alter",
            where="frame",
            match={"kind": "candle", "venue": "bitget"},
            candle={"close": "x2"},
        )
        exchange.control.run("clock", {"step_ms": 3 * MINUTE})
        frames = [m for m in await heard(socket, 2.5) if m.get("arg") == arg and m.get("data")]
        assert frames
        assert {float(row[4]) for m in frames for row in m["data"]} == {200.0}


@pytest.mark.asyncio
async def test_an_order_over_a_socket_can_be_swallowed_refused_or_done_without_a_word() -> None:
    async with local() as exchange, socket_at(exchange, "/ws-api/v3") as socket:
        house = exchange.house("binance").exchange
        exchange.faults.traffic.on = True
        fault(exchange, "ignore", match={"kind": "place"}, when={"nth": 1}, name="lost")
        fault(exchange, "refuse", where="word", reason="timeout", match={"kind": "place"}, when={"nth": 1})
        await socket.send_json(place("a"))
        assert await heard(socket) == []
        await socket.send_json(place("b"))
        [refused] = await heard(socket)
        assert (refused["id"], refused["status"], refused["error"]["code"]) == ("1", 504, -1007)
        assert house.records.orders("me") == []
        fault(exchange, "silence", match={"kind": "reply"}, when={"nth": 1})
        await socket.send_json(place("c"))
        assert await heard(socket) == []
        await socket.send_json(place("d"))
        assert (await heard(socket))[0]["result"]["status"] == "FILLED"
        assert [order.client_id for order in house.records.orders("me")] == ["c", "d"]
        assert [(s.client_id, len(s.made)) for s in exchange.faults.traffic] == [
            ("a", 0),
            ("b", 0),
            ("c", 1),
            ("d", 1),
        ]
        assert [s.told for s in exchange.faults.traffic] == ["unknown", "unknown", "answered", "answered"]
        assert {s.account for s in exchange.faults.traffic} == {"me"}


@pytest.mark.asyncio
async def test_events_of_an_account_are_known_and_noted() -> None:
    async with local() as exchange, socket_at(exchange, "/ws-api/v3") as socket:
        await socket.send_json(call("userDataStream.subscribe.signature"))
        await heard(socket)
        exchange.faults.traffic.on = True
        fault(exchange, "duplicate", where="frame", match={"kind": "order", "account": "me"})
        await socket.send_json(place("mine"))
        events = [m["event"] for m in await heard(socket) if "event" in m]
        reports = [e for e in events if e["e"] == "executionReport"]
        assert [e["x"] for e in reports] == ["NEW", "NEW", "TRADE", "TRADE"]
        assert {"mine", str(reports[0]["i"])} <= set(exchange.faults.traffic.streamed)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ask", "path"), [("/fapi/v1/listenKey", "/private/ws?listenKey="), ("/api/v3/userDataStream", "/ws/")]
)
async def test_listen_keys_expire_on_demand(ask: str, path: str) -> None:
    async with local() as exchange, aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY}) as session:
        async with session.post(exchange.url + ask) as reply:
            key = (await reply.json())["listenKey"]
        async with socket_at(exchange, path + key) as socket:
            assert exchange.control.run("lines/expire_keys", {})["expired"] == 1
            [message, *_] = await heard(socket)
            assert message.get("e", message.get("data", {}).get("e")) == "listenKeyExpired"


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", ["binance", "bitget"])
async def test_stops_and_batches_whose_reply_is_lost_are_known_one_by_one(venue: str) -> None:
    async with local() as exchange:
        client = connect(venue, "local", keys=Keys("me-key", "me-secret", "me-pass"), at=exchange.url)
        try:
            await client.load_markets()
            await client.create_order(PERP, "market", "buy", 1)
            exchange.faults.traffic.on = True
            fault(exchange, "drop", at="after", match={"kind": "place"})
            with pytest.raises(ccxt.NetworkError):
                await client.create_order(
                    PERP,
                    "market",
                    "sell",
                    1,
                    None,
                    {"stopLossPrice": 90, "clientOrderId": "s", "reduceOnly": True},
                )
            limit = {"symbol": PERP, "type": "limit", "side": "buy", "amount": 1, "price": 95}
            with pytest.raises(ccxt.NetworkError):
                await client.create_orders([limit | {"params": {"clientOrderId": name}} for name in "ab"])
        finally:
            await client.close()
        stop, batch = exchange.faults.traffic
        assert [(m.client_id, m.symbol, m.conditional) for m in stop.made] == [("s", "BTCUSDT", True)]
        assert [(m.client_id, m.symbol, m.conditional) for m in batch.made] == [
            ("a", "BTCUSDT", False),
            ("b", "BTCUSDT", False),
        ]
        assert {stop.told, batch.told} == {"unknown"}
