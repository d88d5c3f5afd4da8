"""A Binance with one perpetual (and its spot market) whose price can be told by hand, and clients on it."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt.pro
import orjson

from tests.exchange.worlds import MINUTE, OTHER, PERP, SPOT, START, D, flat, market
from tradewind.clients import Loopback
from tradewind.exchange import Exchange, MarketClock
from tradewind.gateway import House, LimitProfile, Reply, Request, Server
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.binance.usdm import BinanceUsdm
from tradewind.gateway.reach import authority_in
from tradewind.market import ManualClock

KEY, SECRET = "k" * 64, "s" * 64
NOW = START + 60 * MINUTE
WIRE = 1_800_000_000_000


def house(
    bars: Sequence[Any] | None = None,
    *,
    wire: Any = None,
    limits: float = 0.0,
    hedge: bool = False,
    funding: dict[int, float] | None = None,
) -> House:
    """Flat at 100 unless bars are given; market time stands at the 60th bar until it is stepped."""
    clock = MarketClock(NOW, 0.0, wire) if wire else MarketClock(NOW, 0.0)
    symbols = (SPOT, PERP, OTHER)
    exchange = Exchange([market(bars or flat(900), symbols, funding)], seed=7, wire=clock.wire)
    exchange.control.open_account("me", {"USDT": D(10_000), "BTC": D(10)}, {"USDT": D(10_000)}, hedge=hedge)
    exchange.control.add_key("me", KEY, SECRET)
    made = House("binance", exchange, clock, LimitProfile(limits))
    made.refresh()
    return made


class Desk:
    """The dialect called directly, with signed requests and wire time that moves only when told."""

    def __init__(self, bars: Sequence[Any] | None = None, **changes: Any) -> None:
        self.wire = ManualClock(WIRE)
        self.house = house(bars, wire=self.wire, **changes)
        self.dialect = BinanceUsdm(self.house)
        self.exchange = self.house.exchange

    def call(
        self, method: str, path: str, params: dict[str, Any] | None = None, signed: bool = True
    ) -> tuple[int, Any]:
        """Status and body."""
        reply = self.reply(method, path, params, signed)
        return reply.status, orjson.loads(reply.body)

    def reply(
        self, method: str, path: str, params: dict[str, Any] | None = None, signed: bool = True
    ) -> Reply:
        query = urlencode(params or {})
        if signed:
            query += f"{'&' if query else ''}timestamp={self.wire.now_ms()}"
            query += f"&signature={hmac.new(SECRET.encode(), query.encode(), sha256).hexdigest()}"
        return self.send(method, path, query)

    def send(self, method: str, path: str, query: str, body: bytes = b"") -> Reply:
        request = Request(method, path, query, body, {"X-MBX-APIKEY": KEY}, "127.0.0.1", self.wire.now_ms())
        return self.dialect.answer(request)

    def order(self, side: str, kind: str, quantity: object, price: object = None, **more: Any) -> Any:
        """Place an order that must be taken."""
        params: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "type": kind, "quantity": quantity}
        if kind == "LIMIT":
            params |= {"price": price, "timeInForce": "GTC"}
        status, body = self.call("POST", "/fapi/v1/order", params | {"newOrderRespType": "RESULT"} | more)
        assert status == 200, body
        return body

    def run(self, minutes: float) -> None:
        """Let market time pass."""
        self.house.clock.step(round(minutes * MINUTE))
        self.house.refresh()
        self.dialect.tick()


@dataclass
class Running:
    house: House
    server: Server
    to: Loopback
    port: int  # without TLS

    def run(self, minutes: float) -> None:
        self.house.clock.step(round(minutes * MINUTE))
        self.server.beat()

    async def client(self, kind: str = "binanceusdm", **options: Any) -> Any:
        """ccxt.pro as it is, with the venue's own host names leading here."""
        made = getattr(ccxt.pro, kind)(
            {
                "apiKey": KEY,
                "secret": SECRET,
                "enableRateLimit": False,
                "session": aiohttp.ClientSession(connector=self.to.connector()),
                "options": {
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "ws": {"cost": 0.1},
                    **options,
                },
            }
        )
        made.own_session = made.session
        await made.load_markets()
        return made


async def close(client: Any) -> None:
    session = client.own_session
    await client.close()
    await session.close()


@asynccontextmanager
async def running(folder: Path, bars: Sequence[Any] | None = None, **changes: Any) -> AsyncIterator[Running]:
    """Server and dialects on loopback with TLS."""
    found = house(bars, **changes)
    authority = authority_in(folder)
    server = Server([found], [BinanceSpot(found), BinanceUsdm(found)])
    plain, port = await server.start(tls=authority.server_context())
    try:
        yield Running(found, server, Loopback(port, authority.certificate), plain)
    finally:
        await server.stop()


def booked(desk: Desk) -> int:
    """How many rows the ledger has."""
    return sum(1 for _ in desk.exchange.ledger.rows())
