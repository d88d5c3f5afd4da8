"""Binance Spot as one dialect."""

from __future__ import annotations

from fnmatch import fnmatch
from itertools import chain
from urllib.parse import parse_qsl, unquote

from tradewind.exchange import Permission
from tradewind.gateway.binance.dialect import BinanceRest
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.limits import MINUTE_MS, Limit, Limits
from tradewind.gateway.binance.listen_keys import ListenKeys
from tradewind.gateway.binance.security import no_such_key
from tradewind.gateway.binance.spot import (
    account,
    changes,
    commission,
    general,
    klines,
    lists,
    market_data,
    oco,
    queries,
    sapi,
    tickers,
    trade,
)
from tradewind.gateway.binance.spot.door import limit_routes, listen_key_routes
from tradewind.gateway.binance.spot.streams import SpotSource, UserEvents
from tradewind.gateway.binance.spot.words import worded
from tradewind.gateway.binance.spot.ws_api import SpotApi
from tradewind.gateway.binance.streams import Hub, StreamTalk
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

MODULES = (general, market_data, klines, tickers, trade, changes, queries, oco, lists, account, commission)
ROUTES = tuple(chain.from_iterable(module.routes for module in MODULES))
SAPI_WEIGHT = Limit("1M", "MINUTE", 1, MINUTE_MS, 12_000)
MOST_STREAMS, MOST_MESSAGES = 1024, 5  # of a socket; from a client in a second
PLAY = ("testnet.binance.vision", "*.testnet.binance.vision", "demo-*.binance.com")  # hosts without /sapi
NOT_FOUND = b"<html><body><h2>404 Not found</h2></body></html>"


class BinanceSpot:
    """REST under /api/v3 and /sapi, raw and combined streams, WebSocket API."""

    name = "binance-spot"
    hosts = (
        "api.binance.com",
        "api[1-4].binance.com",
        "api-gcp.binance.com",
        "data-api.binance.vision",
        "data-stream.binance.vision",
        "demo-api.binance.com",
        "testnet.binance.vision",
        "*.testnet.binance.vision",
        "stream.binance.com",
        "ws-api.binance.com",
        "demo-stream.binance.com",
        "demo-ws-api.binance.com",
    )

    def __init__(self, house: House) -> None:
        self.house = house
        self.keys = ListenKeys()
        self.hub = Hub(MOST_STREAMS, MOST_MESSAGES)
        self.users = UserEvents(self.hub, house.exchange, self.keys, house.wire)
        self.source = SpotSource(self.hub, house.exchange, self.users)
        self.hub.source = self.source
        limits = Limits(general.WEIGHT, general.ORDERS, house.limits, raw=general.RAW)
        self.rest = BinanceRest(
            house,
            (*ROUTES, *listen_key_routes(self.keys), *limit_routes(limits)),
            limits,
            worded,
            Permission.TRADE,
        )
        self.wallet = BinanceRest(
            house,
            sapi.ROUTES,
            Limits(SAPI_WEIGHT, (), house.limits, "X-SAPI-USED-IP-WEIGHT"),
            worded,
            Permission.TRADE,
            no_such_key,
        )
        self.api = SpotApi(self.rest, self.users)

    def serves(self, method: str, path: str) -> bool:
        return self.rest.serves(path) or self.wallet.serves(path)

    def answer(self, request: Request) -> Reply:
        if self.rest.serves(request.path):
            return self.rest.answer(request)
        if _is_play(request):
            return self.unknown(request)
        return self.wallet.answer(request)

    def unknown(self, request: Request) -> Reply:
        return Reply(404, NOT_FOUND, {"Content-Type": "text/html"})

    def talk(self, line: Line) -> Talk | Reply | None:
        first, *rest = [unquote(part) for part in line.path.strip("/").split("/")]
        if first not in ("ws-api", "ws", "stream") or (first == "ws-api" and rest[:1] != ["v3"]):
            return None
        try:
            self.rest.limits.connect(line.address, line.opened_ms)
        except Failure as failure:
            return failure.reply()
        if first == "ws-api":
            return self.api.open(line)
        if first == "stream" and rest[:1] == ["ws"]:
            first, rest = "ws", rest[1:]
        if first == "ws":  # names that are mere numbers are those of sockets, as ccxt counts them
            return self._streams(line, False, [name for name in rest if name and not name.isdigit()])
        names = dict(parse_qsl(line.query)).get("streams", "").split("/")
        return self._streams(line, True, [name for name in names if name])

    def _streams(self, line: Line, combined: bool, names: list[str]) -> Talk:
        self.house.refresh()
        return StreamTalk(self.hub, line, self.house.wire, combined, names[:MOST_STREAMS])

    def tick(self) -> None:
        now = self.house.wire.now_ms()
        self.source.tick(now)
        self.keys.expire(now)
        self.keys.expire_revoked(self.house.exchange.treasury, now)
        self.hub.tick(now)
        self.api.tick(now)

    def expire_listen_keys(self) -> int:
        """Let all listen keys expire now; returns how many."""
        return self.keys.expire_all()


def _is_play(request: Request) -> bool:
    host = request.headers.get("Host", "").partition(":")[0]
    return any(fnmatch(host, pattern) for pattern in PLAY)
