"""Tables of endpoints: what a path costs, what it asks of the caller, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tradewind.exchange import ApiKey, Exchange
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.security import Security
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Request


@dataclass(slots=True)
class Call:
    """A request that was let in. `key` is None for public endpoints."""

    house: House
    params: Params
    key: ApiKey | None
    request: Request | None  # None when it came over a socket
    line: Line | None = None  # the socket of a WebSocket API

    @property
    def exchange(self) -> Exchange:
        return self.house.exchange

    @property
    def account(self) -> str:
        assert self.key is not None
        return self.key.account

    @property
    def key_name(self) -> str:
        assert self.key is not None
        return self.key.key

    def now_ms(self) -> int:
        """Wire time."""
        return self.house.wire.now_ms()


Endpoint = Callable[[Call], Any]
Weight = int | Callable[[Params], int]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `orders` is how many orders a call counts for.

    `takes` are the parameters that it reads: others are refused before anything happens; None takes any.
    """

    method: str
    path: str
    weight: Weight
    security: Security
    endpoint: Endpoint
    orders: int = 0
    takes: frozenset[str] | None = None

    def cost(self, params: Params) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)


class Routes:
    """A table under one prefix, filled by decorators."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._routes: dict[tuple[str, str], Route] = {}

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def on(
        self,
        method: str,
        path: str,
        weight: Weight = 1,
        security: Security = Security.NONE,
        orders: int = 0,
        takes: str | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Let the decorated function answer that path below the prefix. `takes`: names with spaces between."""
        names = None if takes is None else frozenset(takes.split())

        def put(endpoint: Endpoint) -> Endpoint:
            route = Route(method, self._prefix + path, weight, security, endpoint, orders, names)
            self._routes[method, route.path] = route
            return endpoint

        return put
