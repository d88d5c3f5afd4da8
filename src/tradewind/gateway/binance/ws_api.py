"""Binance's WebSocket APIs: requests and replies as JSON frames, answered by the same endpoints as REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tradewind.exchange import ApiKey, Refused
from tradewind.gateway.binance.dialect import BinanceRest
from tradewind.gateway.binance.failure import Failure, illegal, malformed
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Route
from tradewind.gateway.binance.security import Security
from tradewind.gateway.wire import Line

Identity = int | str | None


class WsApiTalk:
    """One socket. `methods` names the route behind each method; what a route costs and asks counts here too."""

    def __init__(self, rest: BinanceRest, methods: Mapping[str, Route], line: Line) -> None:
        self.line = line
        self._rest = rest
        self._methods = methods

    def hear(self, text: str) -> None:
        """One request, answered by one frame."""
        self._rest.house.refresh()
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._send(None, Failure(-1135, "The request is not valid JSON."), None, True)
            return
        identity = message.get("id") if isinstance(message, dict) else None
        if not isinstance(message, dict) or isinstance(identity, bool | float | list | dict):
            self._send(None, Failure(-1100, "Illegal request: an object with an id is expected."), None, True)
            return
        params = message.get("params")
        quiet = isinstance(params, dict) and params.get("returnRateLimits") is False
        account: str | None = None
        try:
            route = self._route(message)
            account, result = self._answer(route, {} if params is None else params)
        except Failure as failure:
            result = failure
        self._send(identity, result, account, not quiet)

    def ended(self) -> None:
        """Nothing is kept for a socket here."""

    def _route(self, message: dict[str, Any]) -> Route:
        method = message.get("method")
        if method is None:
            raise malformed("method")
        route = self._methods.get(method) if isinstance(method, str) else None
        if route is None:
            raise Failure(-1000, "Unknown method.")
        return route

    def _answer(self, route: Route, sent: Any) -> tuple[str | None, Any]:
        """The account that asked, and the result."""
        rest, address = self._rest, self.line.address
        now, key = rest.house.wire.now_ms(), None
        rest.limits.enter(address, now)
        params = signed_params(sent)
        rest.limits.admit(address, route.cost(params), now)
        if route.security is not Security.NONE:
            key = self._caller(route, params, now)
            if route.orders:
                rest.limits.admit_orders(key.account, route.orders, now)
        account = key.account if key else None
        try:
            return account, route.endpoint(Call(rest.house, params, key, None, self.line))
        except Refused as refused:
            return account, rest.worded(refused, route)
        except Failure as failure:
            return account, failure

    def _caller(self, route: Route, params: Params, now: int) -> ApiKey:
        return self._rest.caller(route, params, params.text("apiKey"), self.line.address, now)

    def _send(self, identity: Identity, result: Any, account: str | None, counts: bool) -> None:
        frame: dict[str, Any] = {"id": identity}
        if isinstance(result, Failure):
            frame |= {"status": result.status, "error": result.body()}
        else:
            frame |= {"status": 200, "result": result}
        if counts:
            now = self._rest.house.wire.now_ms()
            frame["rateLimits"] = self._rest.limits.counts(self.line.address, account, now)
        self.line.send_json(frame)


def signed_params(sent: Any) -> Params:
    """A frame's `params` as texts; the signature covers them sorted by name."""
    if not isinstance(sent, dict):
        raise illegal("params", "an object")
    values = {name: _text(name, value) for name, value in sent.items() if value is not None}
    signature = values.pop("signature", "")
    signed = "&".join(f"{name}={values[name]}" for name in sorted(values))
    return Params(values, signed, signature)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    return orjson.dumps(value).decode()  # lists, such as of symbols
