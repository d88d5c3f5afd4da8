"""Sockets are counted by address, and whoever is banned opens none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.exchange.worlds import START
from tests.gateway.binance.spot.venue import Venue
from tests.gateway.bitget.venue import house as bitget_house
from tests.gateway.exchange_here import opened
from tests.gateway.here import house
from tradewind.exchange import MarketClock
from tradewind.gateway import House, LimitProfile, Line, Reply, Request
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.binance.usdm import BinanceUsdm
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3
from tradewind.gateway.control import ControlClient
from tradewind.market import ManualClock

FIVE_MINUTES = 300
HERE, ELSEWHERE = "127.0.0.1", "10.0.0.9"


def binance(scale: float = 1.0) -> tuple[House, ManualClock]:
    """A venue whose wire time stands at the beginning of five minutes."""
    wire = ManualClock(START)
    exchange = house().exchange
    return House("binance", exchange, MarketClock(START + 3_600_000, 0.0, wire), LimitProfile(scale)), wire


def connect(dialect: Any, path: str, at: ManualClock, address: str = HERE) -> Any:
    """What a dialect makes of one more socket."""
    line = Line(path, "", {}, address, at.now_ms(), lambda text: None, lambda code, reason: None)
    return dialect.talk(line)


def refusal(reply: Any) -> tuple[int, int | str]:
    """Status and code; the texts and headers of Binance's are looked at as well."""
    assert isinstance(reply, Reply)
    body = orjson.loads(reply.body)
    assert body["msg"]
    if isinstance(body["code"], int):
        assert int(reply.headers["Retry-After"]) >= 1
    return reply.status, body["code"]


BINANCE = [
    (BinanceSpot, "/api/v3/exchangeInfo", ["/ws", "/stream", "/ws-api/v3"]),
    (BinanceUsdm, "/fapi/v1/exchangeInfo", ["/ws", "/market/stream", "/private/ws", "/ws-fapi/v1"]),
]


@pytest.mark.parametrize(("kind", "path", "sockets"), BINANCE, ids=["spot", "usdm"])
def test_a_banned_address_opens_no_socket(kind: Any, path: str, sockets: list[str]) -> None:
    found, wire = binance(0.01)
    dialect = kind(found)
    statuses = [
        dialect.answer(Request("GET", path, "", b"", {}, HERE, wire.now_ms())).status for _ in range(50)
    ]
    assert statuses[-1] == 418
    for socket in sockets:
        assert refusal(connect(dialect, socket, wire)) == (418, -1003)
    assert connect(dialect, "/nothing/here", wire) is None
    assert not isinstance(connect(dialect, sockets[0], wire, ELSEWHERE), Reply)
    wire.advance(121)
    assert not isinstance(connect(dialect, sockets[0], wire), Reply)


@pytest.mark.parametrize(("kind", "path", "sockets"), BINANCE, ids=["spot", "usdm"])
def test_300_sockets_in_five_minutes(kind: Any, path: str, sockets: list[str]) -> None:
    found, wire = binance()
    dialect = kind(found)
    for number in range(300):
        assert not isinstance(connect(dialect, sockets[number % len(sockets)], wire), Reply)
    reply = connect(dialect, sockets[0], wire)
    assert refusal(reply) == (429, -1003)
    assert "current limit is 300 connections per 5 MINUTE" in orjson.loads(reply.body)["msg"]
    assert int(reply.headers["Retry-After"]) == FIVE_MINUTES
    for _ in range(9):
        assert refusal(connect(dialect, sockets[0], wire)) == (429, -1003)
    assert refusal(connect(dialect, sockets[0], wire)) == (418, -1003)
    wire.advance(FIVE_MINUTES)
    assert not isinstance(connect(dialect, sockets[0], wire), Reply)


@pytest.mark.parametrize(("kind", "path"), [(BitgetV2, "/v2/ws/public"), (BitgetV3, "/v3/ws/private")])
def test_bitget_counts_sockets_in_five_minutes_and_at_once(kind: Any, path: str) -> None:
    wire = ManualClock(START)
    dialect = kind(bitget_house(limits=1.0, wire=wire))
    standing = [connect(dialect, path, wire) for _ in range(100)]
    assert refusal(connect(dialect, path, wire)) == (429, "429")
    assert not isinstance(connect(dialect, path, wire, ELSEWHERE), Reply)
    for talk in standing:
        talk.line.close()
    dialect.tick()
    for _ in range(199):
        connect(dialect, path, wire).line.close()
    assert refusal(connect(dialect, path, wire)) == (429, "429")
    wire.advance(FIVE_MINUTES)
    assert not isinstance(connect(dialect, path, wire), Reply)


def test_raw_requests_are_counted_whatever_they_weigh() -> None:
    found, wire = binance(0.01)
    venue = Venue(found)
    kind = next(
        limit
        for limit in venue.get("/exchangeInfo")["rateLimits"]
        if limit["rateLimitType"] == "RAW_REQUESTS"
    )
    assert (kind["limit"], kind["intervalNum"], kind["interval"]) == (61_000, 5, "MINUTE")
    wire.advance(60)
    for _ in range(609):
        assert venue.raw("DELETE", "/api/v3/ping").status == 405
    reply = venue.raw("DELETE", "/api/v3/ping")
    assert refusal(reply) == (429, -1003)
    assert "current limit is 61000 requests per 5 MINUTE" in orjson.loads(reply.body)["msg"]
    assert reply.headers["Retry-After"] == "240"
    wire.advance(240)
    assert venue.raw("DELETE", "/api/v3/ping").status == 405


@pytest.mark.asyncio
async def test_a_ban_on_demand_shuts_sockets_too(tmp_path: Path) -> None:
    async with (
        opened(tmp_path, tls=False) as exchange,
        ControlClient(exchange.url) as control,
        aiohttp.ClientSession() as session,
    ):
        await control.fault("ban", seconds=60)
        for path, ws, status in (
            ("/api/v3/ping", "/ws/btcusdt@trade", 418),
            ("/api/v2/public/time", "/v2/ws/public", 429),
        ):
            async with session.ws_connect(exchange.url + ws):
                pass
            async with session.get(exchange.url + path) as reply:
                assert reply.status == status
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(exchange.url + ws)
            assert caught.value.status == status
            assert caught.value.headers is not None
            assert int(caught.value.headers["Retry-After"]) >= 59
        await control.do("faults/clear")
        async with session.ws_connect(exchange.url + "/ws"):
            pass
