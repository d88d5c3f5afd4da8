"""What Binance's products have in common: letting requests in, answering them, wording refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tradewind.exchange import ApiKey, Permission, Refused
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.limits import Limits
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Route
from tradewind.gateway.binance.security import (
    Security,
    check_permission,
    check_signature,
    check_time,
    find_key,
    refused_key,
)
from tradewind.gateway.house import House
from tradewind.gateway.wire import Reply, Request, json_reply

Wording = Callable[[Refused, Route | None], Failure]


class BinanceRest:
    """Requests of one product. `worded` turns refusals of the exchange into its codes and texts."""

    def __init__(
        self,
        house: House,
        routes: Iterable[Route],
        limits: Limits,
        worded: Wording,
        trade: Permission,
        unknown_key: Callable[[], Failure] = refused_key,
    ) -> None:
        self.house = house
        self.routes = {(route.method, route.path): route for route in routes}
        self._paths = {path for _, path in self.routes}
        self.limits = limits
        self.worded = worded
        self._trade = trade
        self._unknown_key = unknown_key

    def serves(self, path: str) -> bool:
        return path in self._paths

    def answer(self, request: Request) -> Reply:
        """The reply, with the headers that tell used limits."""
        self.house.refresh()
        now, key = request.received_ms, None
        route = self.routes.get((request.method, request.path))
        try:
            self.limits.enter(request.address, now)
            if route is None:
                raise Failure(-1000, f"Path {request.path}, Method {request.method} is invalid", 405)
            params = Params.of(request)
            self.limits.admit(request.address, route.cost(params), now)
            if route.security is not Security.NONE:
                name = request.headers.get("X-MBX-APIKEY", "")
                key = self.caller(route, params, name, request.address, now)
                if route.orders:
                    self.limits.admit_orders(key.account, route.orders, now)
            check_names(params, route)
            reply = json_reply(route.endpoint(Call(self.house, params, key, request)))
        except Failure as failure:
            reply = failure.reply()
        except Refused as refused:
            reply = self.worded(refused, route).reply()
        account = key.account if key and route and route.orders else None
        reply.headers.update(self.limits.headers(request.address, account, now))
        return reply

    def session_caller(self, route: Route, params: Params, name: str, address: str, now: int) -> ApiKey:
        """The key of a socket that is logged on: it needs no signature any more, but a timestamp where one signs."""
        key = find_key(self.house.exchange, name, address, now, self._unknown_key)
        if route.security.signed:
            check_time(params, now)
        check_permission(key, route.security, self._trade)
        return key

    def caller(self, route: Route, params: Params, name: str, address: str, now: int) -> ApiKey:
        """The key of that name, once it has proved what the route asks; `Failure` otherwise."""
        key = find_key(self.house.exchange, name, address, now, self._unknown_key)
        if route.security.signed:
            if not params.signature:
                raise Failure(
                    -1102,
                    "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
                )
            check_time(params, now)
            check_signature(key, params.signed, params.signature)
        check_permission(key, route.security, self._trade)
        return key


_SIGNED = frozenset({"timestamp", "recvWindow"})


def check_names(params: Params, route: Route) -> None:
    """`Failure` when parameters were sent that the endpoint does not read."""
    if route.takes is None:
        return
    sent = params.values().keys()
    allowed = route.takes | _SIGNED if route.security.signed else route.takes
    if not sent <= allowed:
        read, signature = len(sent & allowed), bool(params.signature)
        raise Failure(
            -1104,
            f"Not all sent parameters were read; read '{read + signature}' parameter(s) "
            f"but was sent '{len(sent) + signature}'.",
        )
