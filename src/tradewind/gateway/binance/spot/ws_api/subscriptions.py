"""What a socket of the WebSocket API may ask about itself: its session, and whose events it hears."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import ApiKey
from tradewind.exchange.accounts import Treasury
from tradewind.gateway.binance.ed25519 import is_public
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Endpoint, Route
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.streams import UserEvents
from tradewind.gateway.wire import Line

WEIGHT = 2


class Subscription:
    """An account whose events one socket hears."""

    def __init__(self, line: Line, number: int, key: ApiKey) -> None:
        self.line = line
        self.number = number
        self.key = key.key
        self.account = key.account

    def hear(self, event: dict[str, Any]) -> None:
        self.line.send_json({"subscriptionId": self.number, "event": event})


class Subscriptions:
    """Those of all sockets. Their numbers count from 0 on every socket."""

    def __init__(self, users: UserEvents) -> None:
        self._users = users
        self._of: dict[Line, dict[int, Subscription]] = {}
        self._next: dict[Line, int] = {}
        self._sessions: dict[Line, tuple[str, int]] = {}  # name of the key, and since when

    def routes(self) -> list[Route]:
        """The methods, their names as paths."""

        def own(name: str, endpoint: Endpoint, security: Security = Security.NONE, takes: str = "") -> Route:
            return Route("WS", name, WEIGHT, security, endpoint, 0, frozenset(takes.split()))

        return [
            own("session.logon", self.log_on, Security.READ),
            own("session.status", self.session),
            own("session.logout", self.log_out),
            own("session.subscriptions", self.all_of),
            own("userDataStream.subscribe", self.subscribe, Security.KEY),
            own("userDataStream.subscribe.signature", self.subscribe, Security.READ),
            own("userDataStream.unsubscribe", self.unsubscribe, takes="subscriptionId"),
        ]

    def forget(self, line: Line) -> None:
        """The socket is gone."""
        self._next.pop(line, None)
        self._sessions.pop(line, None)
        for found in self._of.pop(line, {}).values():
            self._users.remove(found.account, found.hear)

    def end_revoked(self, treasury: Treasury, now_ms: int) -> None:
        """End those whose API key is gone, and sessions."""
        for line in [
            line for line, (name, _) in self._sessions.items() if not treasury.valid_key(name, now_ms)
        ]:
            del self._sessions[line]
        for mine in self._of.values():
            for number in [n for n, one in mine.items() if not treasury.valid_key(one.key, now_ms)]:
                self._end(mine, number, now_ms)

    def _end(self, mine: dict[int, Subscription], number: int, now_ms: int) -> None:
        gone = mine.pop(number)
        self._users.remove(gone.account, gone.hear)
        gone.hear({"e": "eventStreamTerminated", "E": now_ms})

    def log_on(self, call: Call) -> Any:
        """From now on the socket's requests need neither key nor signature. Refused to HMAC keys."""
        assert call.key is not None
        if not is_public(call.key):
            raise Failure(-4056, "HMAC_SHA256 API key is not supported.")
        self._sessions[_line(call)] = (call.key.key, call.now_ms())
        return self.session(call)

    def log_out(self, call: Call) -> Any:
        """From now on they do again. What the socket hears it goes on hearing."""
        self._sessions.pop(_line(call), None)
        return self.session(call)

    def key_of(self, line: Line) -> str:
        """The name of the key that is logged on; empty without one."""
        return self._sessions.get(line, ("", 0))[0]

    def session(self, call: Call) -> Any:
        """The socket's session."""
        line = _line(call)
        name, since = self._sessions.get(line, (None, None))
        return {
            "apiKey": name,
            "authorizedSince": since,
            "connectedSince": line.opened_ms,
            "returnRateLimits": "returnratelimits=false" not in line.query.lower(),
            "serverTime": call.now_ms(),
            "userDataStream": bool(self._of.get(line)),
        }

    def all_of(self, call: Call) -> Any:
        """The numbers of what this socket hears."""
        return [{"subscriptionId": number} for number in self._of.get(_line(call), ())]

    def subscribe(self, call: Call) -> Any:
        """Hear the events of the key's account on this socket."""
        assert call.key is not None
        line = _line(call)
        mine = self._of.setdefault(line, {})
        if any(one.account == call.account for one in mine.values()):
            raise Failure(-2035, "User Data Stream subscription already active.")
        number = self._next.get(line, 0)
        self._next[line] = number + 1
        made = mine[number] = Subscription(line, number, call.key)
        self._users.add(made.account, made.hear)
        line.account = made.account
        return {"subscriptionId": number}

    def unsubscribe(self, call: Call) -> Any:
        """Hear one of them no more, or none."""
        mine = self._of.get(_line(call), {})
        asked = call.params.maybe_integer("subscriptionId")
        if not mine or (asked is not None and asked not in mine):
            raise Failure(-2036, "User Data Stream subscription not active.")
        for number in tuple(mine) if asked is None else (asked,):
            self._end(mine, number, call.now_ms())
        return {}


def _line(call: Call) -> Line:
    assert call.line is not None
    return call.line
