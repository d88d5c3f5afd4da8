"""A small Bitget for tests, and signed requests to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import ccxt.async_support as rest
import ccxt.pro as sockets
import orjson
from multidict import CIMultiDict

from tests.exchange.worlds import PERP, SPOT, START, flat, market
from tradewind.exchange import Exchange, MarketClock, Permission
from tradewind.gateway import House, LimitProfile, Request, Server
from tradewind.gateway.bitget.listings import bitget_listing
from tradewind.gateway.bitget.security import signature
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3
from tradewind.market import ManualClock, WallClock

KEY, SECRET, PHRASE = "bg_key", "bg_secret", "phrase"
D = Decimal
NOW = 1_800_000_000_000


def empty(bars: Sequence[Any] | None = None, limits: float = 0.0, wire: Any = None) -> House:
    """One spot and one perpetual market, an hour after the start of the tape; wire time stands at NOW."""
    clock = MarketClock(START + 3_600_000, wire=wire or ManualClock(NOW))
    listed = market(bars or flat(600), (SPOT, PERP))
    listings = [bitget_listing(i) for i in listed.instruments]
    exchange = Exchange([listed], listings=listings, wire=clock.wire)
    return House("bitget", exchange, clock, LimitProfile(limits))


def house(bars: Sequence[Any] | None = None, limits: float = 0.0, wire: Any = None) -> House:
    """With an account in it, of the classic kind."""
    found = empty(bars, limits, wire)
    found.exchange.control.open_account(
        "me", spot={"USDT": D(10_000), "BTC": D(10)}, futures={"USDT": D(10_000)}
    )
    found.exchange.control.add_key("me", KEY, SECRET, frozenset(Permission), PHRASE)
    return found


class Caller:
    """Signs requests as Bitget wants it and hands them to a dialect without sockets."""

    def __init__(self, dialect: Any, key: str = KEY, secret: str = SECRET, phrase: str = PHRASE) -> None:
        self.dialect = dialect
        self.key, self.secret, self.phrase = key, secret, phrase

    def get(self, path: str, **params: object) -> dict[str, Any]:
        return self.send("GET", path, urlencode(params), b"")

    def post(self, path: str, **params: object) -> dict[str, Any]:
        return self.send("POST", path, "", orjson.dumps(params))

    def send(
        self, method: str, path: str, query: str, body: bytes, now: int = NOW, **headers: str | None
    ) -> dict[str, Any]:
        """The decoded answer. Headers by lower-case names with underscores; None leaves one out."""
        return dict(orjson.loads(self.raw(method, path, query, body, now, **headers).body))

    def raw(
        self, method: str, path: str, query: str, body: bytes, now: int = NOW, **headers: str | None
    ) -> Any:
        text = f"{now}{method}{path}{'?' + query if query else ''}{body.decode('utf-8', 'replace')}"
        sent: dict[str, str | None] = {
            "ACCESS-KEY": self.key,
            "ACCESS-SIGN": signature(self.secret, text),
            "ACCESS-TIMESTAMP": str(now),
            "ACCESS-PASSPHRASE": self.phrase,
            "Content-Type": "application/json",
        }
        names = {name.lower(): name for name in sent}
        for name, value in headers.items():
            plain = name.replace("_", "-")
            sent[names.get(plain, plain)] = value
        kept = CIMultiDict((name, value) for name, value in sent.items() if value is not None)
        return self.dialect.answer(Request(method, path, query, body, kept, "127.0.0.1", NOW))


@asynccontextmanager
async def running(found: House | None = None) -> AsyncIterator[tuple[House, str]]:
    """A server of both versions; yields the house and its address without the scheme."""
    found = found or house(wire=WallClock())
    server = Server([found], [BitgetV2(found), BitgetV3(found)])
    port, _ = await server.start()
    try:
        yield found, f"127.0.0.1:{port}"
    finally:
        await server.stop()


@asynccontextmanager
async def client(address: str, pro: bool = False, **options: Any) -> AsyncIterator[Any]:
    """A real ccxt client of a classic account at that address."""
    made = (sockets if pro else rest).bitget(
        {
            "apiKey": KEY,
            "secret": SECRET,
            "password": PHRASE,
            "enableRateLimit": False,
            "options": {"uta": False, **options},
        }
    )
    made.urls["api"] = _moved(made.urls["api"], address)
    try:
        yield made
    finally:
        await made.close()


def _moved(urls: Any, address: str) -> Any:
    if isinstance(urls, dict):
        return {name: _moved(url, address) for name, url in urls.items()}
    scheme, _, rest = urls.partition("://")
    path = rest.partition("/")[2]
    plain = {"https": "http", "wss": "ws"}[scheme]
    return f"{plain}://{address}" + (f"/{path}" if path else "")
