"""A gateway on loopback for tests, and clients that reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ccxt.async_support as ccxt

from tests.exchange.worlds import PERP, SPOT, START, flat, market
from tradewind.exchange import Exchange, MarketClock
from tradewind.gateway import House, LimitProfile, Server
from tradewind.gateway.binance.spot import BinanceSpot

KEY, SECRET = "k" * 64, "s" * 64
D = Decimal


def house(venue: str = "binance", bars: Sequence[Any] | None = None, limits: float = 1.0) -> House:
    """A venue with one spot and one perpetual market, an hour after the start of its tape."""
    clock = MarketClock(START + 3_600_000)
    exchange = Exchange([market(bars or flat(600), (SPOT, PERP))], wire=clock.wire)
    exchange.control.open_account("me", spot={"USDT": D(10_000), "BTC": D(10)}, futures={"USDT": D(10_000)})
    exchange.control.add_key("me", KEY, SECRET)
    return House(venue, exchange, clock, LimitProfile(limits))


@dataclass
class Running:
    server: Server
    house: House
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(found: House | None = None) -> AsyncIterator[Running]:
    found = found or house()
    server = Server([found], [BinanceSpot(found)])
    port, _ = await server.start()
    try:
        yield Running(server, found, port)
    finally:
        await server.stop()


def spot_client(origin: str) -> Any:
    client = ccxt.binance(
        {
            "apiKey": KEY,
            "secret": SECRET,
            "options": {
                "fetchMarkets": {"types": ["spot"]},
                "fetchMargins": False,
                "fetchCurrencies": False,
            },
        }
    )
    client.has["fetchCurrencies"] = False
    for name, url in client.urls["api"].items():
        if isinstance(url, str) and url.startswith("https://"):
            client.urls["api"][name] = origin + "/" + url.split("/", 3)[3]
    return client
