"""Binance Spot as one dialect."""

from __future__ import annotations

from itertools import chain

from tradewind.exchange import Permission
from tradewind.gateway.binance.dialect import BinanceRest
from tradewind.gateway.binance.limits import Limits
from tradewind.gateway.binance.spot import account, general, market_data, trade
from tradewind.gateway.binance.spot.words import worded
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

ROUTES = tuple(chain(general.routes, market_data.routes, trade.routes, account.routes))


class BinanceSpot:
    """REST under /api/v3, raw and combined streams, WebSocket API."""

    name = "binance-spot"
    hosts = (
        "api.binance.com",
        "api[1-4].binance.com",
        "api-gcp.binance.com",
        "data-api.binance.vision",
        "demo-api.binance.com",
        "testnet.binance.vision",
        "*.testnet.binance.vision",
        "stream.binance.com",
        "ws-api.binance.com",
        "demo-stream.binance.com",
        "demo-ws-api.binance.com",
    )

    def __init__(self, house: House) -> None:
        limits = Limits(general.WEIGHT, general.ORDERS, house.limits)
        self._rest = BinanceRest(house, ROUTES, limits, worded, Permission.TRADE)

    def serves(self, method: str, path: str) -> bool:
        return self._rest.serves(path)

    def answer(self, request: Request) -> Reply:
        return self._rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        return Reply(404, b"<html><body><h2>404 Not found</h2></body></html>", {"Content-Type": "text/html"})

    def talk(self, line: Line) -> Talk | None:
        return None

    def tick(self) -> None:
        pass
