"""Bitget's v3 API as one dialect."""

from __future__ import annotations

from itertools import chain

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.hosts import HOSTS
from tradewind.gateway.bitget.rest import BitgetRest
from tradewind.gateway.bitget.sockets.lines import Lines
from tradewind.gateway.bitget.v3 import (
    account,
    financial,
    market,
    orders,
    positions,
    queries,
    strategy_orders,
)
from tradewind.gateway.bitget.v3.desk import UnifiedDesk
from tradewind.gateway.bitget.v3.hub import HubV3
from tradewind.gateway.bitget.v3.pool import Pool
from tradewind.gateway.bitget.v3.refused import refuse, refuses
from tradewind.gateway.bitget.v3.words import worded
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

MODULES = (market, account, financial, orders, queries, strategy_orders, positions)
ROUTES = tuple(chain.from_iterable(module.routes for module in MODULES))


class BitgetV3:
    """REST under /api/v3 and sockets under /v3/ws, for unified accounts."""

    name = "bitget-v3"
    hosts = HOSTS

    def __init__(self, house: House) -> None:
        desk = UnifiedDesk(Pool(house.exchange))
        self._rest = BitgetRest(house, ROUTES, unified=True, desk=desk, wording=worded)
        self._lines = Lines(house, HubV3(house.exchange, desk), "/v3/ws", unified=True)

    def serves(self, method: str, path: str) -> bool:
        return path in self._rest.paths or refuses(path)

    def answer(self, request: Request) -> Reply:
        if request.path not in self._rest.paths:
            return refuse(request)
        return self._rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        return known("40404").reply(request.received_ms)

    def talk(self, line: Line) -> Talk | Reply | None:
        return self._lines.talk(line)

    def tick(self) -> None:
        self._lines.tick()
