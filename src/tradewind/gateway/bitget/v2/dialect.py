"""Bitget's v2 API as one dialect."""

from __future__ import annotations

from itertools import chain

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.hosts import HOSTS
from tradewind.gateway.bitget.rest import BitgetRest
from tradewind.gateway.bitget.v2 import common
from tradewind.gateway.bitget.v2.refused import refuse, refuses
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

ROUTES = tuple(chain(common.routes))


class BitgetV2:
    """REST under /api/v2, sockets under /v2/ws."""

    name = "bitget-v2"
    hosts = HOSTS

    def __init__(self, house: House) -> None:
        self._rest = BitgetRest(house, ROUTES, unified=False)

    def serves(self, method: str, path: str) -> bool:
        return path in self._rest.paths or refuses(path)

    def answer(self, request: Request) -> Reply:
        if request.path not in self._rest.paths:
            return refuse(request)
        return self._rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        return known("40404").reply(request.received_ms)

    def talk(self, line: Line) -> Talk | None:
        return None

    def tick(self) -> None:
        pass
