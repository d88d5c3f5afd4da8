"""Bitget's v2 API as one dialect."""

from __future__ import annotations

from itertools import chain

from tradewind.gateway.bitget.desk import Desk
from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.hosts import HOSTS
from tradewind.gateway.bitget.rest import BitgetRest
from tradewind.gateway.bitget.sockets.lines import Lines
from tradewind.gateway.bitget.v2 import (
    common,
    history,
    listed,
    mix_account,
    mix_orders,
    mix_plan_lists,
    mix_plans,
    mix_positions,
    mix_queries,
    quotes,
    spot_orders,
    spot_plans,
    spot_queries,
    wallet,
)
from tradewind.gateway.bitget.v2.hub import HubV2
from tradewind.gateway.bitget.v2.refused import refuse, refuses
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply, Request, Talk

MODULES = (
    common,
    listed,
    quotes,
    history,
    wallet,
    spot_orders,
    spot_queries,
    spot_plans,
    mix_account,
    mix_orders,
    mix_queries,
    mix_plans,
    mix_plan_lists,
    mix_positions,
)
ROUTES = tuple(chain.from_iterable(module.routes for module in MODULES))


class BitgetV2:
    """REST under /api/v2, sockets under /v2/ws."""

    name = "bitget-v2"
    hosts = HOSTS

    def __init__(self, house: House) -> None:
        desk = Desk(house.exchange)
        self._rest = BitgetRest(house, ROUTES, unified=False, desk=desk)
        self._lines = Lines(house, HubV2(house.exchange, desk), "/v2/ws", unified=False)

    def serves(self, method: str, path: str) -> bool:
        return path.startswith("/api/v2/")  # which no other venue has

    def answer(self, request: Request) -> Reply:
        if request.path not in self._rest.paths and refuses(request.path):
            return refuse(request)
        return self._rest.answer(request)

    def unknown(self, request: Request) -> Reply:
        return known("40404").reply(request.received_ms)

    def talk(self, line: Line) -> Talk | Reply | None:
        return self._lines.talk(line)

    def tick(self) -> None:
        self._lines.tick()
