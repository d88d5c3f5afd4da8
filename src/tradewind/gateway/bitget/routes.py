"""Tables of endpoints: how often a path may be called, what it asks of the key, the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tradewind.exchange import ApiKey, Exchange, Listing
from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.house import House
from tradewind.market import Kind


@dataclass(slots=True)
class Call:
    """A request that was let in. `key` is None for public endpoints. `desk` is what its dialect remembers."""

    house: House
    params: Params
    key: ApiKey | None
    now_ms: int  # wire time
    desk: Any

    @property
    def exchange(self) -> Exchange:
        return self.house.exchange

    @property
    def account(self) -> str:
        assert self.key is not None
        return self.key.account

    def listing(self, kind: Kind, name: str = "symbol") -> Listing:
        """The market that a parameter names by the venue's id."""
        return self.exchange.listings.find(kind, self.params.text(name))

    def maybe_listing(self, kind: Kind, name: str = "symbol") -> Listing | None:
        return self.listing(kind, name) if self.params.has(name) else None


Endpoint = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `weight` is how many calls a second are allowed: by address if public, else by account."""

    method: str
    path: str
    weight: float
    security: Security
    endpoint: Endpoint


class Routes:
    """A table under one prefix, filled by decorators."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._routes: dict[tuple[str, str], Route] = {}

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def get(self, path: str, weight: float = 20, security: Security = Security.PUBLIC) -> Any:
        """Let the decorated function answer a GET of that path below the prefix."""
        return self._on("GET", path, weight, security)

    def post(self, path: str, weight: float = 10, security: Security = Security.SPOT) -> Any:
        """Let the decorated function answer a POST of that path below the prefix."""
        return self._on("POST", path, weight, security)

    def _on(
        self, method: str, path: str, weight: float, security: Security
    ) -> Callable[[Endpoint], Endpoint]:
        def put(endpoint: Endpoint) -> Endpoint:
            route = Route(method, self._prefix + path, weight, security, endpoint)
            self._routes[method, route.path] = route
            return endpoint

        return put


def check_mode(unified: bool, wants_unified: bool) -> None:
    """Classic accounts are served by v2, unified accounts by v3."""
    if unified != wants_unified:
        raise known("40085" if unified else "40084")
