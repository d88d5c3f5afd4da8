"""What an account of Binance Spot holds at the door: listen keys, and counts of its orders."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.binance.limits import Limits
from tradewind.gateway.binance.listen_keys import ListenKey, ListenKeys, no_such_key
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security

PATH = "/userDataStream"


def listen_key_routes(keys: ListenKeys) -> Routes:
    """The endpoints that open, keep and close them."""
    routes = Routes("/api/v3")

    @routes.on("POST", PATH, weight=2, security=Security.KEY, takes="")
    def start(call: Call) -> Any:
        """The account's key, good for another hour of wire time."""
        return {"listenKey": keys.open(call.account, call.key_name, call.now_ms()).name}

    @routes.on("PUT", PATH, weight=2, security=Security.KEY, takes="listenKey")
    def keep(call: Call) -> Any:
        """Another hour for a key."""
        keys.extend(_mine(keys, call), call.now_ms())
        return {}

    @routes.on("DELETE", PATH, weight=2, security=Security.KEY, takes="listenKey")
    def close(call: Call) -> Any:
        """Nobody hears the key any more."""
        keys.close(_mine(keys, call))
        return {}

    return routes


def limit_routes(limits: Limits) -> Routes:
    """The endpoint that tells what has been counted."""
    routes = Routes("/api/v3")

    @routes.on("GET", "/rateLimit/order", weight=40, security=Security.READ, takes="")
    def order_counts(call: Call) -> Any:
        """How many orders the account has placed in the present windows."""
        counts = limits.counts("", call.account, call.now_ms())
        return [limit for limit in counts if limit["rateLimitType"] == "ORDERS"]

    return routes


def _mine(keys: ListenKeys, call: Call) -> ListenKey:
    key = keys.find(call.params.text("listenKey"))
    if key is None or key.account != call.account or key.expires_ms <= call.now_ms():
        raise no_such_key()
    return key
