"""Binance Spot without sockets: signed requests handed straight to the dialect."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from tests.exchange.worlds import PERP, SPOT, START, market, moving
from tests.gateway.here import KEY, SECRET, D, house
from tradewind.exchange import Exchange, MarketClock
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.house import House, LimitProfile
from tradewind.gateway.wire import Line, Reply, Request
from tradewind.market import ManualClock


class Venue:
    """One house and its dialect; what it answers, as JSON."""

    def __init__(self, found: House | None = None) -> None:
        self.house = found or house()
        self.dialect = BinanceSpot(self.house)

    def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        address: str = "127.0.0.1",
    ) -> Reply:
        now = self.house.wire.now_ms()
        given = {"X-MBX-APIKEY": KEY} if headers is None else headers
        return self.dialect.answer(Request(method, path, query, body, given, address, now))

    def signed(self, method: str, path: str, **params: Any) -> Reply:
        params.setdefault("timestamp", self.house.wire.now_ms())
        query = urlencode(params)
        signature = hmac.digest(SECRET.encode(), query.encode(), "sha256").hex()
        return self.raw(method, path, f"{query}&signature={signature}")

    def ask(self, method: str, path: str, **params: Any) -> Any:
        """The answer to a signed request that must succeed."""
        reply = self.signed(method, "/api/v3" + path, **params)
        assert reply.status == 200, reply.body
        return orjson.loads(reply.body)

    def get(self, path: str, **params: Any) -> Any:
        """The answer to a public request that must succeed."""
        reply = self.raw("GET", "/api/v3" + path, urlencode(params), headers={})
        assert reply.status == 200, reply.body
        return orjson.loads(reply.body)

    def order(self, side: str = "BUY", kind: str = "MARKET", quantity: str = "1", **params: Any) -> Any:
        return self.ask("POST", "/order", symbol="BTCUSDT", side=side, type=kind, quantity=quantity, **params)

    def limit(self, price: str = "90", quantity: str = "1", **params: Any) -> Any:
        return self.order("BUY", "LIMIT", quantity, price=price, timeInForce="GTC", **params)

    def refused(self, method: str, path: str, **params: Any) -> tuple[int, int, str]:
        """(status, code, text) of a signed request that must fail."""
        reply = self.signed(method, "/api/v3" + path, **params)
        assert reply.status >= 400, reply.body
        found = orjson.loads(reply.body)
        return reply.status, found["code"], found["msg"]

    def line(self, path: str, query: str = "") -> tuple[Line, list[Any], list[tuple[int, str]]]:
        """A socket: the line, the frames that were sent, and how it was closed."""
        frames: list[Any] = []
        closed: list[tuple[int, str]] = []

        def send(text: str) -> None:
            frames.append(orjson.loads(text))

        def close(code: int, reason: str) -> None:
            closed.append((code, reason))

        line = Line(path, query, {}, "127.0.0.1", self.house.wire.now_ms(), send, close)
        return line, frames, closed


def sign(params: dict[str, Any], secret: str = SECRET) -> dict[str, Any]:
    """Parameters of the WebSocket API with their signature."""
    told = {k: str(v).lower() if isinstance(v, bool) else v for k, v in params.items()}
    text = "&".join(f"{k}={told[k]}" for k in sorted(told))
    return params | {"signature": hmac.digest(secret.encode(), text.encode(), "sha256").hex()}


def within_a_minute(found: House) -> None:
    """No window of the wire ends in the next seconds."""
    if found.wire.now_ms() % 60_000 > 45_000:
        found.wire.skew_ms += 20_000


def stepped(bars: Any = None) -> tuple[Venue, ManualClock]:
    """A venue whose two clocks stand still: market time moves by `clock.step`, wire time by the manual one."""
    wire = ManualClock(START + 3_600_000)
    clock = MarketClock(START + 3_600_000, 0.0, wire)
    exchange = Exchange([market(bars or moving(6000), (SPOT, PERP))], wire=wire)
    exchange.control.open_account("me", spot={"USDT": D(10_000), "BTC": D(10)}, futures={"USDT": D(10_000)})
    exchange.control.add_key("me", KEY, SECRET)
    return Venue(House("binance", exchange, clock, LimitProfile(0))), wire


class Socket:
    """A client of a stepped venue on one socket."""

    def __init__(self, venue: Venue, path: str, query: str = "") -> None:
        self.line, self.frames, self.closed = venue.line(path, query)
        talk = venue.dialect.talk(self.line)
        assert talk is not None
        self.talk = talk

    def say(self, **message: Any) -> Any:
        """The reply to a message."""
        self.talk.hear(orjson.dumps(message).decode())
        return self.frames.pop()

    def heard(self) -> list[Any]:
        """What came since the last time."""
        found = self.frames[:]
        self.frames.clear()
        return found
