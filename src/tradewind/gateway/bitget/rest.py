"""What both versions of the REST API have in common: letting requests in and wrapping answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tradewind.exchange import ApiKey, Refused
from tradewind.gateway.bitget.failure import Failure, envelope, known
from tradewind.gateway.bitget.limits import Limits
from tradewind.gateway.bitget.params import Params, check_body
from tradewind.gateway.bitget.routes import Call, Route, check_mode
from tradewind.gateway.bitget.security import Security, caller, check_permission
from tradewind.gateway.bitget.words import worded
from tradewind.gateway.house import House
from tradewind.gateway.wire import Reply, Request, json_reply


class BitgetRest:
    """Requests of one version.

    Signed requests are for unified accounts or for classic ones, as `unified` says; the others are sent away.
    `desk` is handed to the endpoints: what the dialect remembers beside the exchange. `wording` names refusals that
    no endpoint has named; it is told whether futures were asked.
    """

    def __init__(
        self,
        house: House,
        routes: Iterable[Route],
        *,
        unified: bool,
        desk: Any,
        wording: Callable[[Refused, bool], Failure] = worded,
    ) -> None:
        self.house = house
        self.routes = {(route.method, route.path): route for route in routes}
        self.paths = {path for _, path in self.routes}
        self.limits = Limits(house.limits)
        self.unified = unified
        self.desk = desk
        self.wording = wording

    def answer(self, request: Request) -> Reply:
        """The reply in its envelope; `requestTime` is wire time."""
        self.house.refresh()
        now = request.received_ms
        try:
            self.limits.admit_address(request.address, now)
            check_body(request)
            route = self.routes.get((request.method, request.path))
            if route is None:
                raise known("40404")
            try:
                return json_reply(envelope(self._serve(route, request), now))
            except Refused as refused:
                raise self.wording(refused, "/mix/" in route.path) from None
        except Failure as failure:
            return failure.reply(now)

    def _serve(self, route: Route, request: Request) -> Any:
        now, key = request.received_ms, None
        if route.security is Security.PUBLIC:
            self.limits.admit(route.path, request.address, route.weight, now)
        else:
            key = self._caller(route, request)
            self.limits.admit(route.path, key.account, route.weight, now)
        return route.endpoint(Call(self.house, Params.of(request), key, now, self.desk))

    def _caller(self, route: Route, request: Request) -> ApiKey:
        exchange = self.house.exchange
        key = caller(exchange, request)
        check_permission(key, route.security)
        check_mode(exchange.account(key.account).unified, self.unified)
        return key
