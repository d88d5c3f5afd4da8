"""Binance USD-M futures as one dialect."""

from __future__ import annotations

from itertools import chain

from tradewind.exchange import Permission
from tradewind.gateway.binance.dialect import BinanceRest
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.limits import Limits
from tradewind.gateway.binance.streams import DAY_MS
from tradewind.gateway.binance.usdm import (
    account,
    algo,
    general,
    klines,
    market_data,
    positions,
    queries,
    trade,
)
from tradewind.gateway.binance.usdm.countdown import Countdowns
from tradewind.gateway.binance.usdm.sockets import Sockets
from tradewind.gateway.binance.usdm.words import worded
from tradewind.gateway.binance.ws_api import WsApiTalk
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

_PREFIXES = ("/fapi/", "/dapi/", "/eapi/", "/futures/data/")
_TABLES = (
    general.routes,
    general.others,
    market_data.routes,
    market_data.second,
    klines.routes,
    trade.routes,
    queries.routes,
    algo.routes,
    account.routes,
    account.second,
    account.third,
    positions.second,
    positions.third,
)
# method of the WebSocket API: (HTTP method, path) that it is the same as
METHODS = {
    "ping": ("GET", "/fapi/v1/ping"),
    "time": ("GET", "/fapi/v1/time"),
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v2/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}


class BinanceUsdm:
    """REST under /fapi, split and whole streams, WebSocket API. /dapi and /eapi list no markets."""

    name = "binance-usdm"
    hosts = (
        "fapi.binance.com",
        "fapi[1-4].binance.com",
        "demo-fapi.binance.com",
        "testnet.binancefuture.com",
        "fstream.binance.com",
        "fstream-*.binance.com",
        "fstream.binancefuture.com",
        "demo-fstream.binance.com",
        "ws-fapi.binance.com",
        "dapi.binance.com",
        "demo-dapi.binance.com",
        "eapi.binance.com",
    )

    def __init__(self, house: House) -> None:
        self._house = house
        self.sockets = Sockets(house)
        self._countdowns = Countdowns(house)
        limits = Limits(general.WEIGHT, general.ORDERS, house.limits)
        own = (positions.Settings().routes(), self.sockets.users.routes(), self._countdowns.routes())
        routes = tuple(chain(*_TABLES, *own))
        self.rest = BinanceRest(house, routes, limits, worded, Permission.FUTURES)
        self._api_lines: set[Line] = set()
        self._methods = {name: self.rest.routes[key] for name, key in METHODS.items()}

    def serves(self, method: str, path: str) -> bool:
        return path.startswith(_PREFIXES)

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) not in self.rest.routes:
            return self.unknown(request)
        return self.rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        """As the venue words a path that it does not have."""
        msg = f"Path {request.path}, Method {request.method} is invalid"
        return Failure(-5000, msg, 404).reply()

    def talk(self, line: Line) -> Talk | Reply | None:
        api = line.path.rstrip("/") == "/ws-fapi/v1"
        if not api and not self.sockets.serves(line.path):
            return None
        try:
            self.rest.limits.connect(line.address, line.opened_ms)
        except Failure as failure:
            return failure.reply()
        if api:
            self._api_lines.add(line)
            return WsApiTalk(self.rest, self._methods, line)
        return self.sockets.talk(line)

    def expire_listen_keys(self) -> int:
        """Let all listen keys expire now; returns how many."""
        return self.sockets.users.keys.expire_all()

    def tick(self) -> None:
        now = self._house.wire.now_ms()
        for line in tuple(self._api_lines):
            if now - line.opened_ms >= DAY_MS:
                line.close(1001, "24 hours are over")
            if not line.open:
                self._api_lines.discard(line)
        self._countdowns.tick(now)
        self.sockets.tick(now)
