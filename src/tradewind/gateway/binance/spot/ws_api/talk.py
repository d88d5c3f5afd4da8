"""Sockets of the WebSocket API of Binance Spot."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import ApiKey
from tradewind.gateway.binance.dialect import BinanceRest, check_names
from tradewind.gateway.binance.failure import Failure, malformed
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Route
from tradewind.gateway.binance.spot.streams import UserEvents
from tradewind.gateway.binance.spot.ws_api.methods import METHODS, PREFIX
from tradewind.gateway.binance.spot.ws_api.subscriptions import Subscriptions
from tradewind.gateway.binance.streams import DAY_MS
from tradewind.gateway.binance.ws_api import WsApiTalk, signed_params
from tradewind.gateway.wire import Line

_LONGEST_ID = 36
_ENVELOPE = ("apiKey", "returnRateLimits")


class SpotApi:
    """All sockets, and the route behind each method."""

    def __init__(self, rest: BinanceRest, users: UserEvents) -> None:
        self.rest = rest
        self.subscriptions = Subscriptions(users)
        known = {name: rest.routes[method, PREFIX + path] for name, (method, path) in METHODS.items()}
        self.methods: dict[str, Route] = known | {r.path: r for r in self.subscriptions.routes()}
        self._talks: dict[SpotApiTalk, None] = {}

    def open(self, line: Line) -> SpotApiTalk:
        """A new socket."""
        talk = SpotApiTalk(self, line)
        self._talks[talk] = None
        return talk

    def close(self, talk: SpotApiTalk) -> None:
        self._talks.pop(talk, None)
        self.subscriptions.forget(talk.line)

    def tick(self, now_ms: int) -> None:
        """End sockets that have been open for a day of wire time, and subscriptions whose key is gone."""
        self.subscriptions.end_revoked(self.rest.house.exchange.treasury, now_ms)
        for talk in tuple(self._talks):
            if now_ms - talk.line.opened_ms >= DAY_MS:
                talk.line.close(1001, "24 hours are over")


class SpotApiTalk(WsApiTalk):
    """One socket: parameters that nobody reads are refused, as over REST."""

    def __init__(self, api: SpotApi, line: Line) -> None:
        super().__init__(api.rest, api.methods, line)
        self._api = api
        self._tell = "returnratelimits=false" not in line.query.lower()

    def ended(self) -> None:
        self._api.close(self)

    def _route(self, message: dict[str, Any]) -> Route:
        identity = message.get("id")
        if isinstance(identity, str) and len(identity) > _LONGEST_ID:
            raise Failure(-1135, f"Parameter 'id' is too long: at most {_LONGEST_ID} characters are allowed.")
        return super()._route(message)

    def _answer(self, route: Route, sent: Any) -> tuple[str | None, Any]:
        told = signed_params(sent)
        values = {name: value for name, value in told.values().items() if name not in _ENVELOPE}
        check_names(Params(values, told.signed, told.signature), route)
        account, result = super()._answer(route, sent)
        return account if route.orders else None, result

    def _caller(self, route: Route, params: Params, now: int) -> ApiKey:
        """Whoever signs, else whoever is logged on."""
        name = self._api.subscriptions.key_of(self.line)
        if route.path == "userDataStream.subscribe" and not name:
            raise malformed("apiKey")  # which this method reads from the session only
        if name and not params.has("apiKey") and not params.signature:
            return self._api.rest.session_caller(route, params, name, self.line.address, now)
        return super()._caller(route, params, now)

    def _send(self, identity: int | str | None, result: Any, account: str | None, counts: bool) -> None:
        if isinstance(result, Failure) and result.status in (418, 429):
            now = self._api.rest.house.wire.now_ms()
            after = now + 1000 * int(result.headers["Retry-After"])
            result.data = {"serverTime": now, "retryAfter": after}
            counts = True
        super()._send(identity, result, account, counts and self._tell)
