"""Bitget's v3 API as one dialect."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.hosts import HOSTS
from tradewind.gateway.bitget.rest import BitgetRest
from tradewind.gateway.bitget.v3 import account
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

ROUTES = tuple(account.routes)


class BitgetV3:
    """REST under /api/v3 for unified accounts."""

    name = "bitget-v3"
    hosts = HOSTS

    def __init__(self, house: House) -> None:
        self._rest = BitgetRest(house, ROUTES, unified=True)

    def serves(self, method: str, path: str) -> bool:
        return path in self._rest.paths

    def answer(self, request: Request) -> Reply:
        return self._rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        return known("40404").reply(request.received_ms)

    def talk(self, line: Line) -> Talk | None:
        return None

    def tick(self) -> None:
        pass
